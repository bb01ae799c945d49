#!/bin/sh
# Logs that mean harm: whatever a log holds or is, the program ends with the right status, says what
# was wrong and where, counts what it could read, and stays within little memory.
. "${0%/*}/lib.sh"

cat >f.yaml <<'END'
features:
  - { name: latency, get: latency }
  - { name: n, get: number, of: n }
  - { name: c, get: category, of: c }
  - { name: length, get: length, of: output }
  - { name: text, get: text, of: output }
END

# good FROM TO: records without a fault.
good() {
	awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++) {
		printf "{\"id\":\"r%d\",\"time\":%d,\"latency\":%d.5,\"n\":%d,", i, 1700000000 + i, i % 9, i
		printf "\"c\":\"c%d\",\"output\":\"word %d\"}\n", i % 3, i
	} }'
}

# Half a gigabyte of address space would hold none of the large ones; a sanitizer needs far more.
bounded() {
	if [ "$B" = "$ROOT/build" ]; then
		(ulimit -v 500000 && exec "$@")
	else
		"$@"
	fi
}

# profile STATUS LOG [OPTION...]: a profile of these features, in $OUT as JSON.
profile() {
	wanted=$1
	shift
	rm -f p
	expect_exit "$wanted" bounded timeout 100 driftlead profile "$@" -f f.yaml -o p --json
}

# repeat C N
repeat() {
	head -c "$2" /dev/zero | tr '\0' "$1"
}

good 1 1000 >good.jsonl

begin "lines that are no records: each counted, the first named with their lines"
{
	good 1 500
	printf '{"id":"a","c":"\377"}\n'                        # 501: invalid UTF-8
	printf '{"id":"b","c":"x\000y"}\n'                      # a NUL in a string
	printf '\000\000\000\n'                                 # NULs
	printf '{"id":"c","id":"d"}\n'                          # a key twice
	printf '{"id":"e","x":%s%s}\n' "$(repeat '[' 10000)" "$(repeat ']' 10000)"
	printf '{"id":"f","latency":NaN}\n{"id":"g","n":Infinity}\n{"id":"h","n":1e309}\n'
	printf '{"id":"i","c":"\\ud800"}\n[1]\n"text"\n{"id":"j"\n'
	good 501 1000
	printf '{"id":"k","n":'                                 # cut in the middle
} >bad.jsonl
profile 2 bad.jsonl
contains "$ERR" "13 of 1013 records cannot be read, more than the 1 % that are allowed"
contains "$ERR" "bad.jsonl:501: not a JSON object: invalid UTF-8 at column 16"
contains "$ERR" "bad.jsonl:502: "
contains "$ERR" "bad.jsonl:503: "
lacks "$ERR" "bad.jsonl:504: "
[ ! -e p ] || fail "a profile was written"
profile 0 bad.jsonl --max-bad 2%
json '.records' 1000
json '.bad_lines' 13
driftlead profile good.jsonl -f f.yaml -o good.profile --json >good.json
is "$(jq -c 'del(.bad_lines)' "$OUT")" "$(jq -c 'del(.bad_lines)' good.json)" "what is left"
while IFS='|' read -r line why; do
	printf '%s\n' "$line" >one.jsonl
	profile 2 one.jsonl
	contains "$ERR" "one.jsonl:1: not a JSON object: $why"
done <<END
{"id":"c","id":"d"}|a duplicate key
{"x":$(repeat '[' 10000)|nested too deeply
{"n":1e309}|a number too large
{"n":NaN}|a value is expected
{"c":"\\ud800"}|a lone surrogate
END

begin "a byte order mark, ends of line of other systems, blank lines, no end of the last line"
{
	printf '\357\273\277'
	good 1 999 | awk '{ printf "%s\r\n", $0; if (NR % 100 == 0) printf "\r\n\n  \n" }'
	printf '%s' "$(good 1000 1000)"
} >crlf.jsonl
profile 0 crlf.jsonl
cmp -s p good.profile || fail "it is another profile" "$OUT"
{ printf '\377\376'; good 1 9 | tr '{' '\0'; } >wide.jsonl
profile 2 wide.jsonl
contains "$ERR" "it is UTF-16: convert it to UTF-8 first"

begin "a line of 100 MB is a bad line, and none of it is kept"
for begins in '' '{"id":"long","output":"'; do
	{ cat good.jsonl; printf '%s' "$begins"; repeat x 100000000; echo; cat good.jsonl; } >long.jsonl
	profile 0 long.jsonl
	json '.records' 2000
	json '.bad_lines' 1
	profile 2 long.jsonl --max-bad 0
	contains "$ERR" "long.jsonl:1001: the record is longer than 4194304 bytes"
done
{
	cat good.jsonl
	printf '{"id":"fits","output":"%s"}\n' "$(repeat x 4194000)"
	cat good.jsonl
} >long.jsonl
profile 0 long.jsonl --max-bad 0
json '.records' 2001
{ printf 'id,c\na,"'; repeat x 100000000; printf '"\nb,2\n'; } >long.csv
profile 0 long.csv --max-bad 50%
json '[.records, .bad_lines] | tostring' '[1,1]'
rm -f long.*

begin "two gigabytes of NULs, with and without records before them"
truncate -s 2G sparse.jsonl
profile 2 sparse.jsonl
contains "$ERR" "sparse.jsonl:1: the record is longer than 4194304 bytes"
good 1 1000 >sparse.jsonl
truncate -s 2G sparse.jsonl
profile 0 sparse.jsonl
json '[.records, .bad_lines] | tostring' '[1000,1]'
rm -f sparse.jsonl

begin "packed logs that are cut short or damaged: what can be read is, and it is said"
good 1 50000 >many.jsonl
for pack in gzip zstd; do
	command -v $pack >/dev/null || continue
	$pack -c many.jsonl >whole.$pack
	head -c $(($(wc -c <whole.$pack) * 2 / 3)) whole.$pack >cut.jsonl
	profile 0 cut.jsonl
	contains "$ERR" "1 of 1 files broke off before their end"
	json '.bad_lines' 1
	# What is there is the first lines of the log, whole.
	head -n "$(jq .records "$OUT")" many.jsonl >part.jsonl
	cp p cut.profile
	profile 0 part.jsonl
	[ "$(jq .records "$OUT")" -gt 1000 ] || fail "nothing was read of the part before" "$OUT"
	driftlead profile show cut.profile --json | jq 'del(.bad_lines)' >have
	jq 'del(.bad_lines)' "$OUT" >want
	cmp -s have want || fail "what was read of $pack is not the first lines" have want
	{ head -c 200000 whole.$pack; repeat x 3000; } >cut.jsonl
	profile 0 cut.jsonl --max-bad 100%
	contains "$ERR" "1 of 1 files broke off"
done

begin "what is no file to read: folders, links to themselves, files that are missing or closed"
mkdir folder.jsonl
ln -s loop.jsonl loop.jsonl
profile 2 nowhere.jsonl good.jsonl
contains "$ERR" "log 'nowhere.jsonl': there is no such file"
profile 2 loop.jsonl good.jsonl
contains "$ERR" "log 'loop.jsonl' cannot be opened: Too many levels of symbolic links"
profile 2 folder.jsonl good.jsonl
contains "$ERR" "log 'folder.jsonl' is a folder: name the files in it, 'folder.jsonl/*.jsonl' say"
cp good.jsonl closed.jsonl
chmod 0 closed.jsonl
if [ ! -r closed.jsonl ]; then                  # root may read anything
	profile 2 closed.jsonl good.jsonl
	contains "$ERR" "log 'closed.jsonl' cannot be opened: Permission denied"
fi
[ ! -e p ] || fail "a profile was written"

begin "empty logs"
: >empty.jsonl
: >empty.csv
profile 0 empty.jsonl
json .records 0
profile 0 empty.jsonl good.jsonl
cmp -s p good.profile || fail "an empty file changes the profile"
profile 2 empty.csv
contains "$ERR" "empty.csv: it is empty, and needs a row of column names"
expect_exit 2 driftlead profile empty.jsonl -o p
contains "$ERR" "the logs hold no record"

begin "pipes: read where once is enough, else refused at once"
mkfifo pipe
cat good.jsonl >pipe &
profile 0 pipe
cmp -s p good.profile || fail "through a pipe it is another profile"
expect_exit 2 timeout 20 driftlead profile pipe -o p
contains "$ERR" "log 'pipe' is a pipe and can be read only once"

begin "a log that grows and one that shrinks while they are read"
good 1 200000 >moving.jsonl
(for _ in 1 2 3 4 5 6 7 8; do cat good.jsonl; done) >>moving.jsonl &
grows=$!
profile 0 moving.jsonl
wait $grows
[ "$(jq .records "$OUT")" -ge 200000 ] || fail "records are lost" "$OUT"
good 1 400000 >moving.jsonl
(sleep 0.1; : >moving.jsonl) &
shrinks=$!
profile 0 moving.jsonl --max-bad 100%
wait $shrinks
[ "$(jq '.records <= 400000 and .bad_lines <= 40' "$OUT")" = true ] || fail "more than there was" "$OUT"
rm -f moving.jsonl

begin "a pattern that names 2,000 files"
mkdir days
split -l 1 -d -a 4 good.jsonl days/a.
split -l 1 -d -a 4 good.jsonl days/b.
(ulimit -n 64 && driftlead profile 'days/*' -f f.yaml -o p --json) >"$OUT" 2>"$ERR" ||
	fail "they were not read" "$ERR"
json .records 2000
cat good.jsonl good.jsonl | driftlead profile - -f f.yaml -o twice.profile -q
cmp -s p twice.profile || fail "the files together are another profile"

begin "numbers at the ends of what a double holds"
cat >ends.jsonl <<END
{"id":"1","n":1e308}
{"id":"2","n":-1e308}
{"id":"3","n":1.7976931348623157e308}
{"id":"4","n":-0}
{"id":"5","n":0}
{"id":"6","n":5e-324}
{"id":"7","n":$(repeat 9 300)}
{"id":"8","n":9007199254740993}
{"id":"9","n":1e-400}
END
profile 0 ends.jsonl
json '.bad_lines' 0
json '.features[1] | [.values, .max] | tostring' '[9,1.7976931348623157e+308]'
jq -e '[.. | numbers] | all(. < 1.8e308 and . > -1.8e308)' "$OUT" >/dev/null ||
	fail "a number that is none" "$OUT"
expect_exit 3 driftlead drift p p --json       # nine records decide nothing
jq -e . "$OUT" >/dev/null || fail "no JSON" "$OUT"

begin "a million categories, in constant memory"
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "{\"id\":\"%d\",\"c\":\"user %d\"}\n", i, i }' >users.jsonl
profile 0 users.jsonl
json '.features[2].categories | length' 4096
json '.features[2] | .rest + ([.categories[].count] | add)' 1000000
cp p users.profile
expect_exit 0 timeout 100 driftlead drift users.profile users.profile
rm -f users.jsonl

begin "columns of one value, of none, and times that run backwards"
good 1 2000 | jq -c '.n = 7 | .c = "same" | del(.latency, .output) | .time = 3400000000 - .time' >one.jsonl
profile 0 one.jsonl
json '[.features[] | .missing] | tostring' '[2000,0,0,2000,2000]'
json '.first < .last' true
cp p one.profile
# Every value lies between the same edges, or is missing: nothing drifts, nothing is divided by zero.
expect_exit 0 driftlead drift one.profile one.profile --json
good 1 2000 | jq -c '.n = 8 | .c = "same" | del(.latency, .output)' >other.jsonl
driftlead profile other.jsonl -f f.yaml -o other.profile -q
expect_exit 1 driftlead drift one.profile other.profile --json
jq -e . "$OUT" >/dev/null || fail "no JSON" "$OUT"
expect_exit 1 driftlead drift one.profile good.profile --json
jq -e . "$OUT" >/dev/null || fail "no JSON" "$OUT"

finish
