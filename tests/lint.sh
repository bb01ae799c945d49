#!/bin/sh
# lint.sh -- what the compiler does not see.
#
# Each check prints what is wrong as file:line: sentence; the exit status says whether any did.

set -u
cd "$(dirname "$0")/.." || exit 4
CC=${CC:-cc}
B=${B:-build}
bad=0

lost() {
	echo "lint: $1"
	bad=1
}

sources() {
	find harness metrics drift reports -name '*.[ch]' 2>/dev/null | sort
}

# Every header stands alone.
for h in $(find harness metrics drift reports tests -name '*.h' 2>/dev/null | sort); do
	$CC -std=c11 -D_GNU_SOURCE -I. -I"$B/gen" -Wall -Wextra -fsyntax-only -x c - <<END || lost "$h does not compile alone"
#include "$h"
END
done

# Who may include whom: the row of tests/layers.txt with the longest matching path.
# shellcheck disable=SC2046
awk '
FNR == NR {
	if ($0 !~ /^#/ && NF) { row[++n] = $1; $1 = ""; may[n] = $0 " " }
	next
}
/^#include +["<]/ {
	split($0, q, /["<>]/); h = q[2]; b = h; sub(/\.h$/, "", b)
	ours = ($0 ~ /"/); if (ours) sub(/.*\//, "", b)
	if (ours && (h ~ /\.def$/ || h !~ /^(harness|metrics|drift|reports)\//)) next
	if (!ours && b !~ /^(sqlite3|curl\/|jansson|pcre2|xxhash|pthread|yaml|openssl\/|zlib|zstd|utf8proc)/) next
	best = 0
	for (i = 1; i <= n; i++)
		if (index(FILENAME, row[i]) == 1 && length(row[i]) > length(row[best])) best = i
	if (best == 0) printf "%s:%d: has no row in tests/layers.txt\n", FILENAME, FNR
	else if (index(may[best], " " b " ") == 0)
		printf "%s:%d: may not include %s\n", FILENAME, FNR, h
	else next
	bad = 1
}
END { exit bad }' tests/layers.txt $(sources) || lost "includes cross the layers"

# Words that promise instead of doing, and memory that goes round mem.c.
# shellcheck disable=SC2046
found=$(grep -nEw 'TODO|FIXME|XXX|HACK|for now|not implemented' $(sources) Makefile \
	$(find man suites .ci tests ./*.md -type f ! -name lint.sh ! -path 'tests/fuzz/corpus/*' \
	! -path 'tests/golden/*' ! -name '*.json*' 2>/dev/null))
[ -z "$found" ] || lost "unfinished business:
$found"
# shellcheck disable=SC2046
if grep -nE '\b(malloc|calloc|realloc|free)\(' $(sources) /dev/null | grep -vE \
	'^harness/base/mem\.c:|sqlite3_|_free\(|json_|^[^:]*:[0-9]*: \*'; then
	lost "memory comes from mem.c"
fi
# shellcheck disable=SC2046
for f in $(find harness metrics drift reports tests -name '*.c' 2>/dev/null | sort); do
	expand -t 4 "$f" | awk -v f="$f" 'length($0) > 100 {
		printf "%s:%d: a line of %d columns\n", f, FNR, length($0); bad = 1 }
		FNR > 600 && !told { printf "%s:%d: more than 600 lines: which nouns are these\n", f, FNR
			told = bad = 1 }
		END { exit bad }' || lost "$f is too wide or too long"
done

# Manuals.
for page in man/*.[0-9]; do
	[ -e "$page" ] || continue
	mandoc -T lint -W warning "$page" || lost "$page"
done

# Scripts parse.
for script in $(find tests .ci -name '*.sh' | sort); do
	sh -n "$script" || lost "$script"
done
[ ! -e .ci/run ] || bash -n .ci/run || lost ".ci/run"

[ $bad -eq 0 ] && echo "lint: nothing to say"
exit $bad
