#!/bin/sh
# Profiles of logs: pieces profiled by processes that know nothing of each other add up to the whole,
# byte for byte; what is counted is what was logged; what is damaged or other is refused.
. "${0%/*}/lib.sh"

# requests FROM TO: a log in JSONL, a pure function of the numbers.
requests() {
	awk -v from="$1" -v to="$2" 'BEGIN {
		split("refund shipping account abuse other", label, " ")
		split("where is my parcel please help money back order late broken ärger", word, " ")
		for (i = from; i <= to; i++) {
			x = (i * 7919) % 10007
			text = ""
			for (k = 0; k <= x % 9; k++)
				text = text (k ? " " : "") word[1 + (x * (k + 3)) % 12]
			printf "{\"id\":\"r%d\",\"time\":%d,\"model\":\"m-%d\",\"input\":\"%s\",", i,
				1700000000 + i, x % 2, text
			printf "\"output\":\"%s\",\"latency\":%.3f,\"label\":", label[1 + x % 5], x / 1000
			printf x % 50 ? "\"%s\"" : "null", label[1 + x % 5]
			printf ",\"user\":\"u%d\",\"team\":\"t%d\",\"vip\":%s,\"price\":%.17g}\n", x, x % 4, x % 3 ? "true" : "false",
				exp(x / 500 - 10)
		}
	}'
}

cat >features.yaml <<'END'
features:
  - { name: label, get: category, of: label }
  - { name: user, get: category, of: user }
  - { name: latency, get: latency }
  - { name: price, get: number, of: price }
  - { name: vip, get: boolean, of: vip }
  - { name: question, get: text, of: input }
  - { name: answer length, get: length, of: output }
END
requests 1 20000 >all.jsonl
requests 1 6000 >1.jsonl
requests 6001 6001 >2.jsonl
requests 6002 13000 | gzip >3.jsonl.gz
requests 13001 20000 >4.jsonl
: >5.jsonl

begin "the whole log, in one pass"
expect_exit 0 driftlead profile all.jsonl -f features.yaml -o all.profile --json
cp "$OUT" all.json
json '.records' 20000
json '.bad_lines' 0
json '.first' 2023-11-14T22:13:21Z
json '.last' 2023-11-15T03:46:40Z
json '[.features[].name] | join(" ")' "label user latency price vip question answer length"
expect_exit 0 driftlead profile show all.profile --json
cmp -s "$OUT" all.json || fail "show says other things than making it"
expect_exit 0 driftlead profile all.jsonl -f features.yaml -o again.profile -q
[ ! -s "$OUT" ] || fail "--quiet prints" "$OUT"
cmp all.profile again.profile || fail "a second pass makes other bytes"

begin "what was counted is what was logged"
jq -s 'map(.label) | {missing: map(select(. == null)) | length,
	counts: map(select(. != null)) | group_by(.) | map({text: .[0], count: length}) | sort_by(.text)}' \
	all.jsonl >want
jq '.features[0] | {missing, counts: .categories | sort_by(.text)}' all.json >have
cmp -s want have || fail "labels are counted otherwise" want have
# More users than are listed: the listed ones are exact, the others are together.
is "$(jq '.features[1].categories | length' all.json)" 4096 "listed users"
jq -r '.features[1].categories[] | "\(.text) \(.count)"' all.json | sort >have
jq -r .user all.jsonl | sort | uniq -c | awk '{ print $2, $1 }' | sort >want
[ -z "$(comm -23 have want)" ] || fail "a listed user has another count"
is "$(jq '.features[1] | .rest + ([.categories[].count] | add)' all.json)" 20000 "all users"
jq -e -s 'map(.latency) as $x | ($x | sort) as $s | input_filename as $f |
	{min: $s[0], max: $s[-1], mean: (($x | add) / 20000), median: $s[9999]}' all.jsonl >want
for q in min max; do
	is "$(jq ".features[2].$q" all.json)" "$(jq ".$q" want)" "$q of latency"
done
jq -e --argjson w "$(jq -c . want)" '.features[2] | (.mean - $w.mean | fabs) < 1e-9 and
	(.quantiles[] | select(.q == 0.5) | .lo <= $w.median and $w.median <= .hi)' all.json >"$OUT" ||
	fail "the mean or the median of latency is another" want

begin "separate processes, one per piece, add up to the same bytes"
# shellcheck disable=SC2016
ls 1.jsonl 2.jsonl 3.jsonl.gz 4.jsonl 5.jsonl | xargs -P 3 -I {} \
	driftlead profile {} -f features.yaml -o {}.profile -q || fail "a piece was not profiled"
expect_exit 0 driftlead profile merge 4.jsonl.profile 1.jsonl.profile 5.jsonl.profile \
	3.jsonl.gz.profile 2.jsonl.profile -o merged.profile
contains "$OUT" "20000 records"
cmp merged.profile all.profile || fail "the merge has other bytes"
expect_exit 0 driftlead profile merge 3.jsonl.gz.profile 2.jsonl.profile -o x.profile -q
expect_exit 0 driftlead profile merge 5.jsonl.profile 4.jsonl.profile 1.jsonl.profile -o y.profile -q
expect_exit 0 driftlead profile merge y.profile x.profile -o merged.profile -q
cmp merged.profile all.profile || fail "merges of merges have other bytes"

begin "one process, many files, one thread or more; standard input; any order"
expect_exit 0 driftlead profile '[1245].jsonl' 3.jsonl.gz -f features.yaml -o b.profile -q
cmp b.profile all.profile || fail "many files have other bytes"
expect_exit 0 env DRIFTLEAD_THREADS=1 driftlead profile 4.jsonl 3.jsonl.gz 2.jsonl 1.jsonl \
	-f all.profile -o b.profile -q
cmp b.profile all.profile || fail "one thread makes other bytes"
sort all.jsonl | driftlead profile - -f features.yaml -o - >b.profile
cmp b.profile all.profile || fail "standard input has other bytes"
cat 1.jsonl 2.jsonl | driftlead profile - 3.jsonl.gz 4.jsonl -f features.yaml -o b.profile -q
cmp b.profile all.profile || fail "standard input beside files has other bytes"

begin "the same from a table"
{
	echo "id,time,latency,label,input"
	jq -r 'select(.label != null) | [.id, .time, .latency, .label, .input] | @csv' 1.jsonl
} >1.csv
cat >few.yaml <<'END'
features:
  - { name: label, get: category, of: label }
  - { name: latency, get: latency }
  - { name: question, get: text, of: input }
END
jq -c 'select(.label != null)' 1.jsonl >labelled.jsonl
expect_exit 0 driftlead profile 1.csv -f few.yaml -o csv.profile -q
expect_exit 0 driftlead profile labelled.jsonl -f few.yaml -o jsonl.profile -q
cmp csv.profile jsonl.profile || fail "CSV and JSONL of the same records differ"

begin "features are inferred from the first records, and listed"
expect_exit 0 driftlead profile all.jsonl -o inferred.profile --json
jq -r '.features[] | "\(.name):\(.get)"' "$OUT" | tr '\n' ' ' >have
is "$(cat have)" "model:model latency:latency input length:length input text:text output \
length:length output text:text team:category vip:category price:number " "what is watched"
# shellcheck disable=SC2002
cat all.jsonl | driftlead profile - -o piped.profile -q
cmp piped.profile inferred.profile || fail "through a pipe it is another"
driftlead profile - -o piped.profile -q <all.jsonl
cmp piped.profile inferred.profile || fail "from a redirected file it is another"
expect_exit 2 driftlead profile 5.jsonl -o none.profile
contains "$ERR" "the logs hold no record"
[ ! -e none.profile ] || fail "a profile was written"

begin "a profile keeps no text of text features, and no record without a sample"
expect_exit 0 driftlead profile all.jsonl -f features.yaml --sample 0 -o bare.profile --json
json '.kept' 0
for word in parcel "money back"; do
	grep -qaF "$word" all.profile && fail "'$word' is in the profile"
done
expect_exit 0 driftlead profile 1.jsonl -f few.yaml --redact field:label -o hidden.profile --json
json '.features[0].categories | map(.text) | join(" ")' "[removed]"

begin "what is wrong is said, and nothing is written"
rm -f no.profile
expect_exit 2 driftlead profile all.jsonl -f features.yaml
contains "$ERR" "--output is missing"
expect_exit 2 driftlead profile nowhere.jsonl -f features.yaml -o no.profile
contains "$ERR" "'nowhere.jsonl'"
cat >wrong.yaml <<'END'
features:
  - { name: a, get: categorie, of: label }
  - { name: b, get: category }
  - { name: c, get: latency, off: x }
  - { name: b, get: latency }
also: this
END
expect_exit 2 driftlead profile all.jsonl -f wrong.yaml -o no.profile
contains "$ERR" "wrong.yaml:2:"
contains "$ERR" "did you mean 'category'?"
contains "$ERR" "wrong.yaml:3:"
contains "$ERR" "'off'"
contains "$ERR" "there are two features 'b'"
contains "$ERR" "'also'"
expect_exit 2 driftlead profile merge all.profile csv.profile -o no.profile
contains "$ERR" "'csv.profile' cannot be merged with 'all.profile': the profiles are of other features"
expect_exit 2 driftlead profile merge all.profile bare.profile -o no.profile
contains "$ERR" "make both with one --sample"
expect_exit 2 driftlead profile show all.jsonl
contains "$ERR" "'all.jsonl' is no profile"
head -c 5000 all.profile >cut.profile
expect_exit 2 driftlead profile show cut.profile
contains "$ERR" "'cut.profile' is damaged"
sed 's/^driftlead profile 1$/driftlead profile 9/' all.profile >newer.profile
expect_exit 2 driftlead profile merge all.profile newer.profile -o no.profile
contains "$ERR" "version 9"
expect_exit 2 driftlead profile all.jsonl --format openia -o no.profile
contains "$ERR" "did you mean 'openai'?"
{ head -n 50 1.jsonl; echo '{"id": '; } >bad.jsonl
expect_exit 2 driftlead profile bad.jsonl -f few.yaml -o no.profile
[ ! -e no.profile ] || fail "a profile was written"
expect_exit 0 driftlead profile bad.jsonl -f few.yaml -o bad.profile --max-bad 5% --json
json '.records, .bad_lines | tostring' "50
1"

begin "memory does not grow with the log"
rss() {
	awk '/Maximum resident/ { print $NF }' "$ERR"
}
if [ -x /usr/bin/time ] && [ "$B" = "$ROOT/build" ]; then
	export DRIFTLEAD_THREADS=1              # a small log keeps no second thread busy
	expect_exit 0 /usr/bin/time -v driftlead profile all.jsonl -f features.yaml -o a.profile -q
	small=$(rss)
	cat all.jsonl all.jsonl all.jsonl all.jsonl all.jsonl >five.jsonl
	expect_exit 0 /usr/bin/time -v driftlead profile five.jsonl -f features.yaml -o a.profile -q
	[ "$(rss)" -le $((small + 1024)) ] || fail "$(rss) kB for five times what took $small kB"
fi

finish
