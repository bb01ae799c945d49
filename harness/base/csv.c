/*
 * csv.c -- fields of a table that somebody will open in a spreadsheet.
 */
#include "harness/base/base.h"

void
buf_csv(struct buf *b, struct str s, bool raw, struct arena *a)
{
	bool formula = !raw && s.n > 0 && memchr("=+-@\t\r", s.p[0], 6) != NULL;

	if (!raw)
		s = str_visible(s, SIZE_MAX / 2, true, a);
	buf_puts(b, formula ? "\"'" : "\"");
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_char(b, '"');
		buf_char(b, s.p[i]);
	}
	buf_char(b, '"');
}
