/*
 * redact.c -- personal data taken out of texts before anything of them is kept.
 *
 * (1) e-mail: a local part, `@` and a domain of two labels or more, the last of letters.
 * (2) card: 13 to 19 digits, single blanks or hyphens between, that begin as a payment card does
 *     and pass Luhn's check.
 * (3) iban: two letters, two digits, 11 to 30 letters or digits, blanks between groups of four,
 *     and the remainder of ISO 7064 (97) is 1.
 * (4) phone: `+` and 8 to 15 digits; `00` and 9 to 15; an area code in North American form with
 *     both separators; or a leading 0 with an area code of three to five digits, or in five pairs.
 * None of them begins or ends inside a word or a longer number.  A text is read once, and what is
 * found first from the left counts; the user's patterns follow in their order.
 */
#include "drift/drift.h"
#include "metrics/metrics.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool
is_word(char c)
{
	return is_digit(c) || is_letter(c);
}

/* ---- (1) --------------------------------------------------------------------------------- */

static bool
is_local(char c)
{
	return is_word(c) || (c != '\0' && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* The end of the domain at p; NULL: it is none. */
static const char *
domain_end(const char *p, const char *end)
{
	const char *label = p, *good = NULL;
	int labels = 0;

	for (;; label = p) {
		bool letters = true;

		while (p < end && (is_word(*p) || (*p == '-' && p > label))) {
			letters = letters && is_letter(*p);
			p++;
		}
		while (p > label && p[-1] == '-')
			p--;
		if (p == label)
			return good;
		labels++;
		if (labels > 1 && p - label >= 2 &&
		    (letters || (p - label > 4 && memcmp(label, "xn--", 4) == 0)))
			good = p;
		if (p == end || *p != '.')
			return good;
		p++;
	}
}

/* Whether the '@' at p is of an address that begins at or after `from`. */
static bool
find_email(const char *from, const char *p, const char *end, const char **start, const char **stop)
{
	const char *s = p;

	while (s > from && is_local(s[-1]) && p - s < 64)
		s--;
	while (s < p && strchr(".'`/={(|", *s) != NULL)
		s++;
	if (s == p || p[-1] == '.' || (*stop = domain_end(p + 1, end)) == NULL)
		return false;
	*start = s;
	return true;
}

/* ---- (2) --------------------------------------------------------------------------------- */

static bool
luhn(const char *digit, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		int d = digit[n - 1 - i] - '0';

		if (i % 2 == 1)
			d = d > 4 ? 2 * d - 9 : 2 * d;
		sum += d;
	}
	return sum % 10 == 0;
}

/* Lengths by first digit: Visa, Mastercard and Mir, Amex and Diners, Maestro and UnionPay. */
static bool
is_card_length(char first, int n)
{
	switch (first) {
	case '2': return n == 16;
	case '3': return n >= 14 && n <= 16;
	case '4': return n == 13 || n == 16 || n == 19;
	case '5': return n == 16 || n == 18 || n == 19;
	case '6': return n >= 16 && n <= 19;
	default:  return false;
	}
}

static const char *
card_end(const char *p, const char *end)
{
	char digit[19], first = *p;
	int n = 0;

	for (; p < end; p++) {
		if (is_digit(*p)) {
			if (n == 19)
				return NULL;
			digit[n++] = *p;
		} else if (!((*p == ' ' || *p == '-') && n > 0 && end - p > 1 && is_digit(p[1]))) {
			break;
		}
	}
	if ((p < end && is_word(*p)) || !is_card_length(first, n) || !luhn(digit, n))
		return NULL;
	return p;
}

/* ---- (3) --------------------------------------------------------------------------------- */

/* The remainder of the rearranged number: letters are 10 to 35. */
static bool
mod97(const char *c, int n)
{
	int rest = 0;

	for (int i = 0; i < n; i++) {
		char k = c[(i + 4) % n];

		rest = is_digit(k) ? (rest * 10 + (k - '0')) % 97 :
		    (rest * 100 + ((k | 0x20) - 'a' + 10)) % 97;
	}
	return rest == 1;
}

static const char *
iban_end(const char *p, const char *end)
{
	const char *stop[35] = { 0 }, *start = p;
	char c[35];
	int n = 0;

	for (; p < end && n < 35; p++) {
		if (is_word(*p) && (unsigned char)*p < 0x80) {
			c[n++] = *p;
			if (p + 1 == end || !is_word(p[1]))
				stop[n - 1] = p + 1;    /* it may end here */
		} else if (*p != ' ' || n % 4 != 0 || p[-1] == ' ' || p == start) {
			break;
		}
	}
	for (n = n > 34 ? 34 : n; n >= 15; n--)
		if (stop[n - 1] != NULL && mod97(c, n))
			return stop[n - 1];
	return NULL;
}

static bool
looks_iban(const char *p, const char *end)
{
	return end - p >= 15 && is_letter(p[0]) && (unsigned char)p[0] < 0x80 && is_letter(p[1]) &&
	    (unsigned char)p[1] < 0x80 && is_digit(p[2]) && is_digit(p[3]);
}

/* ---- (4) --------------------------------------------------------------------------------- */

enum { GROUPS = 8 };

/* Digits in groups with one separator, or an opening or closing bracket with one, between. */
struct digits { int total, ngroup, group[GROUPS]; char lead[GROUPS]; const char *stop; };

static bool
is_separator(char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '/';
}

/* Between two groups: at most ") " or " (" or one separator; NULL if no digit follows. */
static const char *
next_group(const char *p, const char *end)
{
	if (p < end && *p == ')')
		p++;
	if (p < end && is_separator(*p))
		p++;
	if (p < end && *p == '(')
		p++;
	return p < end && is_digit(*p) ? p : NULL;
}

static struct digits
read_digits(const char *p, const char *end)
{
	struct digits d = { 0 };

	while (p != NULL && d.ngroup < GROUPS) {
		const char *from = p;

		while (p < end && is_digit(*p))
			p++;
		d.lead[d.ngroup] = *from;
		d.group[d.ngroup++] = (int)(p - from);
		d.total += (int)(p - from);
		d.stop = p;
		p = next_group(p, end);
	}
	if (p != NULL || (d.stop < end && is_word(*d.stop)))    /* more of it, or a word */
		d.total = 0;
	return d;
}

static bool
is_national(const struct digits *d)
{
	bool pairs = d->ngroup == 5;

	for (int i = 0; i < d->ngroup; i++)
		pairs = pairs && d->group[i] == 2;
	return d->lead[0] == '0' && (pairs || (d->ngroup >= 2 && d->ngroup <= 5 &&
	    d->group[0] >= 3 && d->group[0] <= 5 && d->total >= 9 && d->total <= 12));
}

/* [1] NXX NXX XXXX */
static bool
is_american(const struct digits *d)
{
	int at = d->ngroup == 4 && d->group[0] == 1 && d->lead[0] == '1';

	return d->ngroup == 3 + at && d->group[at] == 3 && d->group[at + 1] == 3 &&
	    d->group[at + 2] == 4 && d->lead[at] >= '2' && d->lead[at + 1] >= '2';
}

static const char *
phone_end(const char *p, const char *end)
{
	const char *first = *p == '+' || *p == '(' ? p + 1 : p;
	struct digits d;

	if (*p == '+' && first < end && *first == '(')
		first++;
	if (first >= end || !is_digit(*first))
		return NULL;
	d = read_digits(first, end);
	if (d.total < 8 || d.total > 17)
		return NULL;
	if (*p == '+')
		return *first != '0' && d.total <= 15 ? d.stop : NULL;
	if (first[0] == '0' && first[1] == '0')
		return d.group[0] > 2 && first[2] == '0' ? NULL : d.total >= 11 ? d.stop : NULL;
	return is_national(&d) || is_american(&d) ? d.stop : NULL;
}

/* ---- one text ---------------------------------------------------------------------------- */

/* What is found at p; *start may lie before p, but not before `from`. */
static const char *
find_at(unsigned kinds, const char *from, const char *p, const char *end, const char **start,
    const char **stop)
{
	bool inside = p > from && is_word(p[-1]);
	bool decimals = p - from > 1 && p[-1] == '.' && is_digit(p[-2]);

	*start = p;
	if (*p == '@')
		return (kinds & REDACT_EMAIL) && find_email(from, p, end, start, stop) ? "[email]" : NULL;
	if (inside || (is_digit(*p) && (decimals || (p > from && p[-1] == '+'))))
		return NULL;
	if ((kinds & REDACT_IBAN) && looks_iban(p, end) && (*stop = iban_end(p, end)) != NULL)
		return "[iban]";
	if ((kinds & REDACT_CARD) && is_digit(*p) && (*stop = card_end(p, end)) != NULL)
		return "[card]";
	if ((kinds & REDACT_PHONE) && (is_digit(*p) || *p == '+' || *p == '(') &&
	    (*stop = phone_end(p, end)) != NULL)
		return "[phone]";
	return NULL;
}

static bool
may_begin(char c)
{
	return is_digit(c) || c == '@' || c == '+' || c == '(' ||
	    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct str
built_in(unsigned kinds, struct str text, struct arena *a)
{
	const char *p = text.p, *end = p + text.n, *from = p;   /* before `from`: done */
	struct buf b = { 0 };

	while (p < end) {
		const char *kind, *start, *stop;

		if (!may_begin(*p) || (kind = find_at(kinds, from, p, end, &start, &stop)) == NULL) {
			p++;
			continue;
		}
		buf_add(&b, from, (size_t)(start - from));
		buf_puts(&b, kind);
		from = p = stop;
	}
	if (b.n == 0)
		return text;
	buf_add(&b, from, (size_t)(end - from));
	text = str_dup(buf_as_str(&b), a);
	buf_free(&b);
	return text;
}

/* A pattern that takes too long says nothing: then nothing of the text may stay. */
static struct str
by_pattern(const struct redact_own *own, struct str text, struct arena *a)
{
	enum pattern_result found = PATTERN_NO;
	struct str whole = { 0 };
	struct buf b = { 0 };
	size_t from = 0, done = 0, at;

	while (from <= text.n && (found = pattern_match(own->pattern, text, from, &whole, NULL)) ==
	    PATTERN_YES) {
		at = (size_t)(whole.p - text.p);
		from = at + whole.n;
		if (whole.n == 0) {             /* nothing matched: go on behind the next character */
			for (from++; from < text.n && ((unsigned char)text.p[from] & 0xc0) == 0x80; )
				from++;
			continue;
		}
		buf_add(&b, text.p + done, at - done);
		buf_fmt(&b, "[%s]", own->kind);
		done = from;
	}
	if (found == PATTERN_COSTLY || found == PATTERN_BAD_TEXT) {
		buf_free(&b);
		return str_of(arena_fmt(a, "[%s]", own->kind));
	}
	if (b.n > 0) {
		buf_add(&b, text.p + done, text.n - done);
		text = str_dup(buf_as_str(&b), a);
	}
	buf_free(&b);
	return text;
}

struct str
redact_text(const struct redact *r, struct str text, struct arena *a)
{
	if (r->kinds != 0)
		text = built_in(r->kinds, text, a);
	for (size_t i = 0; i < r->nown; i++)
		text = by_pattern(&r->own[i], text, a);
	return text;
}

/* ---- rules ------------------------------------------------------------------------------- */

/* Whether b is a, or a JSON Pointer that goes on from a. */
static bool
leads_to(struct str a, struct str b)
{
	return str_starts(b, a) && (b.n == a.n || b.p[a.n] == '/');
}

bool
redact_hides(const struct redact *r, struct str name)
{
	char member[256];

	if (name.n == 0)                        /* the whole record */
		return r->nfield > 0;
	for (size_t i = 0; i < r->nfield; i++) {
		struct str field = str_of(r->field[i]), as = name;

		/* A member's name is a pointer without its slash. */
		if ((field.n > 0 && field.p[0] == '/') != (name.n > 0 && name.p[0] == '/')) {
			struct str plain = field.p[0] == '/' ? name : field;
			int n = snprintf(member, sizeof member, "/%.*s", STR_ARG(plain));

			if (n >= (int)sizeof member)
				continue;
			*(field.p[0] == '/' ? &as : &field) = (struct str){ member, (size_t)n };
		}
		if (leads_to(field, as) || (as.p[0] == '/' && leads_to(as, field)))
			return true;
	}
	return false;
}

static bool
is_kind(struct str kind)
{
	for (size_t i = 0; i < kind.n; i++)
		if (!is_digit(kind.p[i]) && !(kind.p[i] >= 'a' && kind.p[i] <= 'z') &&
		    kind.p[i] != '-' && kind.p[i] != '_')
			return false;
	return kind.n > 0 && kind.n <= 32;
}

int
redact_rule(struct redact *r, const char *rule, struct arena *a, struct err *e)
{
	static const struct { const char *name; unsigned bit; } known[] = {
		{ "email", REDACT_EMAIL }, { "phone", REDACT_PHONE }, { "iban", REDACT_IBAN },
		{ "card", REDACT_CARD }
	};
	const char *equals = strchr(rule, '=');
	struct str kind = { rule, equals ? (size_t)(equals - rule) : 0 };
	struct redact_own *own;
	const char **field;

	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(rule, known[i].name) == 0) {
			r->kinds |= known[i].bit;
			return 0;
		}
	if (strncmp(rule, "field:", 6) == 0 && rule[6] != '\0') {
		field = arena_array(a, r->nfield + 1, sizeof *field);
		for (size_t i = 0; i < r->nfield; i++)
			field[i] = r->field[i];
		field[r->nfield++] = arena_strdup(a, rule + 6);
		r->field = field;
		return 0;
	}
	if (!is_kind(kind) || equals[1] == '\0')
		return err_set(e, "redaction '%s' is none of email, phone, iban, card, field:NAME and "
		    "KIND=PATTERN (a kind has small letters, digits, - and _)", rule);
	own = arena_array(a, r->nown + 1, sizeof *own);
	for (size_t i = 0; i < r->nown; i++)
		own[i] = r->own[i];
	own[r->nown] = (struct redact_own){ str_cstr(kind, a),
		pattern_compile(str_of(equals + 1), false, a, e) };
	if (own[r->nown].pattern == NULL)
		return -1;
	r->own = own;
	r->nown++;
	return 0;
}
