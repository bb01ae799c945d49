/*
 * overlap.c -- texts that share words: similar ones, and ones that were in the training data.
 *
 * The texts under test are kept as one suffix automaton (Blumer and others 1985): its states
 * are sets of places where the same strings end, its links lead to the longest proper suffix
 * that ends elsewhere too.  Other texts run through it token by token; each state remembers the
 * longest of its strings that was seen.  From that the longest seen string ending at every token
 * of a text is known, and with it the matching n-grams of all n at once, in linear time.
 *
 * Words are 64-bit hashes: two of a million different words share one with probability 3e-8.
 */
#include "metrics/stats/stats.h"

/* One transition; `next` lists those of the same state.  0 is no edge. */
struct edge { uint64_t token; uint32_t from, to, next; };

struct state {
	uint32_t link;           /* of the root: itself */
	uint32_t length;         /* of its longest string */
	uint32_t seen;           /* of the longest of its strings that was seen */
	uint32_t edge;           /* the first */
};

struct overlap {
	struct state *state;     /* 0 is the root */
	struct edge  *edge;
	uint32_t     *slot;      /* open addressing: edges by (from, token) */
	uint32_t     *path;      /* the state after each token of all texts */
	size_t       *end;       /* by text: where its path ends */
	uint32_t     *suffix;    /* by state: the longest seen among its suffixes; void if `stale` */
	size_t        nstate, nedge, nslot, npath, nend;
	size_t        cap_state, cap_edge, cap_path, cap_end;
	bool          stale;
};

size_t
text_tokens(struct str text, uint64_t **token, struct arena *a)
{
	struct str rest = text, word;
	size_t n = 0, i = 0;

	while (str_word(&rest, &word))
		n++;
	*token = arena_array(a, n, sizeof **token);
	for (rest = text; str_word(&rest, &word); i++) {
		uint64_t h = hash64(word, 0);

		(*token)[i] = h != TOKEN_BREAK ? h : 1;
	}
	return n;
}

/* ---- similarity ---- */

static int
by_hash(const void *a, const void *b)
{
	const struct hash128 *x = a, *y = b;

	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* The set of runs of k tokens, sorted; those with a break are left out. */
static struct hash128 *
shingles(const uint64_t *token, size_t n, size_t k, size_t *count, struct arena *a)
{
	struct hash128 *h = arena_array(a, n + 1, sizeof *h);
	size_t run = 0, some = 0, kept = 0;

	for (size_t i = 0; i < n; i++) {
		run = token[i] == TOKEN_BREAK ? 0 : run + 1;
		if (run >= k)
			h[some++] = hash128((struct str){ (const char *)(token + i + 1 - k),
			    k * sizeof *token });
	}
	qsort(h, some, sizeof *h, by_hash);
	for (size_t i = 0; i < some; i++)
		if (kept == 0 || by_hash(&h[kept - 1], &h[i]) != 0)
			h[kept++] = h[i];
	*count = kept;
	return h;
}

struct jaccard
shingle_jaccard(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, size_t k,
    struct arena *scratch)
{
	struct jaccard r = { 0 };
	size_t ma, mb, i = 0, j = 0;
	struct hash128 *x = shingles(a, na, k, &ma, scratch);
	struct hash128 *y = shingles(b, nb, k, &mb, scratch);

	while (i < ma && j < mb) {
		int order = by_hash(&x[i], &y[j]);

		r.both += order == 0;
		i += order <= 0;
		j += order >= 0;
	}
	r.either = (long)(ma + mb) - r.both;
	r.known = r.either > 0;
	r.at = r.known ? (double)r.both / (double)r.either : 0;
	return r;
}

/* ---- the automaton ---- */

static uint32_t *
slot_of(const struct overlap *o, uint32_t from, uint64_t token)
{
	uint64_t h = rng_next(token, from);
	size_t i = (size_t)h & (o->nslot - 1);

	while (o->slot[i] != 0 &&
	    (o->edge[o->slot[i]].from != from || o->edge[o->slot[i]].token != token))
		i = (i + 1) & (o->nslot - 1);
	return &o->slot[i];
}

/* The state that `token` leads to, or 0: the root is no state's successor. */
static uint32_t
successor(const struct overlap *o, uint32_t from, uint64_t token)
{
	return o->edge[*slot_of(o, from, token)].to;
}

/* Room for one more, and for its number. */
static void
check_room(size_t n)
{
	if (n >= UINT32_MAX / 2)
		die(EXIT_SURROUNDINGS, "more than %zu words under test: compare them in parts", n / 2);
}

static void
set_successor(struct overlap *o, uint32_t from, uint64_t token, uint32_t to)
{
	uint32_t *slot = slot_of(o, from, token), e;

	if (*slot != 0) {
		o->edge[*slot].to = to;
		return;
	}
	check_room(o->nedge);
	o->edge = mem_grow(o->edge, &o->cap_edge, o->nedge + 1, sizeof *o->edge);
	e = (uint32_t)o->nedge++;
	o->edge[e] = (struct edge){ token, from, to, o->state[from].edge };
	o->state[from].edge = e;
	*slot = e;
	if (o->nedge <= o->nslot / 2)
		return;
	mem_free(o->slot);
	o->nslot *= 2;
	o->slot = mem_alloc(o->nslot, sizeof *o->slot);
	for (e = 1; e < o->nedge; e++)
		*slot_of(o, o->edge[e].from, o->edge[e].token) = e;
}

static uint32_t
new_state(struct overlap *o, uint32_t length)
{
	check_room(o->nstate);
	o->state = mem_grow(o->state, &o->cap_state, o->nstate + 1, sizeof *o->state);
	o->state[o->nstate] = (struct state){ .length = length };
	return (uint32_t)o->nstate++;
}

struct overlap *
overlap_new(void)
{
	struct overlap *o = mem_alloc(1, sizeof *o);

	o->nslot = 64;
	o->slot = mem_alloc(o->nslot, sizeof *o->slot);
	o->edge = mem_grow(o->edge, &o->cap_edge, 1, sizeof *o->edge);
	o->edge[0] = (struct edge){ 0 };
	o->nedge = 1;
	new_state(o, 0);
	return o;
}

void
overlap_free(struct overlap *o)
{
	if (o == NULL)
		return;
	mem_free(o->state);
	mem_free(o->edge);
	mem_free(o->slot);
	mem_free(o->path);
	mem_free(o->end);
	mem_free(o->suffix);
	mem_free(o);
}

/* q by `token` from p holds longer strings than p's: the short ones get a state of their own. */
static uint32_t
split(struct overlap *o, uint32_t p, uint64_t token, uint32_t q)
{
	uint32_t short_q;

	if (o->state[q].length == o->state[p].length + 1)
		return q;
	short_q = new_state(o, o->state[p].length + 1);
	for (uint32_t e = o->state[q].edge; e != 0; e = o->edge[e].next)
		set_successor(o, short_q, o->edge[e].token, o->edge[e].to);
	o->state[short_q].link = o->state[q].link;
	o->state[q].link = short_q;
	while (successor(o, p, token) == q) {
		set_successor(o, p, token, short_q);
		if (p == 0)
			break;
		p = o->state[p].link;
	}
	return short_q;
}

/* The state of a text one token longer than that of `last`. */
static uint32_t
extend(struct overlap *o, uint32_t last, uint64_t token)
{
	uint32_t q = successor(o, last, token), p = last, now;

	if (q != 0)
		return split(o, last, token, q);
	now = new_state(o, o->state[last].length + 1);
	while ((q = successor(o, p, token)) == 0) {
		set_successor(o, p, token, now);
		if (p == 0)
			return now;             /* its link is the root */
		p = o->state[p].link;
	}
	q = split(o, p, token, q);
	o->state[now].link = q;
	return now;
}

size_t
overlap_add(struct overlap *o, const uint64_t *token, size_t n)
{
	uint32_t last = 0;

	o->path = mem_grow(o->path, &o->cap_path, o->npath + n, sizeof *o->path);
	o->end = mem_grow(o->end, &o->cap_end, o->nend + 1, sizeof *o->end);
	for (size_t i = 0; i < n; i++) {
		last = token[i] == TOKEN_BREAK ? 0 : extend(o, last, token[i]);
		o->path[o->npath++] = last;
	}
	o->end[o->nend] = o->npath;
	o->stale = true;
	return o->nend++;
}

void
overlap_see(struct overlap *o, const uint64_t *token, size_t n)
{
	uint32_t at = 0, length = 0;

	o->stale = true;
	for (size_t i = 0; i < n; i++) {
		uint32_t to = token[i] == TOKEN_BREAK ? 0 : successor(o, at, token[i]);

		while (to == 0 && at != 0 && token[i] != TOKEN_BREAK) {
			at = o->state[at].link;
			length = o->state[at].length;
			to = successor(o, at, token[i]);
		}
		at = to;
		length = to != 0 ? length + 1 : 0;
		if (length > o->state[at].seen)
			o->state[at].seen = length;
	}
}

/* Strings of a state's link are suffixes of its own: seen together with any of them. */
static void
settle(struct overlap *o)
{
	size_t longest = 0, *start;
	uint32_t *order = mem_alloc(o->nstate, sizeof *order);

	for (size_t s = 0; s < o->nstate; s++)
		longest = o->state[s].length > longest ? o->state[s].length : longest;
	start = mem_alloc(longest + 2, sizeof *start);
	for (size_t s = 0; s < o->nstate; s++)
		start[o->state[s].length + 1]++;
	for (size_t l = 0; l <= longest; l++)
		start[l + 1] += start[l];
	for (size_t s = 0; s < o->nstate; s++)
		order[start[o->state[s].length]++] = (uint32_t)s;
	for (size_t i = o->nstate; i-- > 1; ) {
		const struct state *s = &o->state[order[i]];

		if (s->seen > 0)
			o->state[s->link].seen = o->state[s->link].length;
	}
	mem_free(o->suffix);
	o->suffix = mem_alloc(o->nstate, sizeof *o->suffix);
	for (size_t i = 1; i < o->nstate; i++) {
		const struct state *s = &o->state[order[i]];

		o->suffix[order[i]] = s->seen > 0 ? s->seen : o->suffix[s->link];
	}
	mem_free(start);
	mem_free(order);
	o->stale = false;
}

struct covered
overlap_covered(struct overlap *o, size_t text, size_t n)
{
	size_t from = text > 0 ? o->end[text - 1] : 0, to = o->end[text], covered = from;
	struct covered c = { .known = to > from };
	long run = 0;

	if (o->stale)
		settle(o);
	/* `covered` is the end of the last run of n that was seen: behind it nothing is new. */
	for (size_t i = from; i < to; i++) {
		long match = o->suffix[o->path[i]];

		c.longest_match = match > c.longest_match ? match : c.longest_match;
		if ((size_t)match < n)
			continue;
		c.grams++;
		if (covered < i + 1 - n) {
			covered = i + 1 - n;
			run = 0;
		}
		run += (long)(i + 1 - covered);
		c.tokens += (long)(i + 1 - covered);
		covered = i + 1;
		c.longest_run = run > c.longest_run ? run : c.longest_run;
	}
	c.fraction = c.known ? (double)c.tokens / (double)(to - from) : 0;
	return c;
}
