#!/bin/sh
# Two windows of whatever kind: alike where they are, different where they are not, and unsure where
# there is too little to tell.
. "${0%/*}/lib.sh"

# traffic NAME N SEED WORDS REFUNDS: NAME.jsonl, requests with so many words on average, and this
# share of refunds in per cent.
traffic() {
	awk -v n="$2" -v seed="$3" -v words="$4" -v refunds="$5" 'BEGIN {
		srand(seed)
		for (i = 1; i <= n; i++) {
			text = "order"
			for (k = 2 * words * rand(); k >= 1; k--)
				text = text " w" int(50 * rand())
			printf "{\"id\":\"%s-%d\",\"text\":\"%s\",\"intent\":\"%s\",\"ms\":%d}\n", seed, i, text,
			       (100 * rand() < refunds ? "refund" : rand() < 0.5 ? "shipping" : "account"), 100 + 50 * rand()
		}
	}' >"$1.jsonl"
}

traffic a 4000 1 10 30
traffic b 3000 2 10 30
traffic long 3000 3 13 30
traffic mix 3000 4 10 45
traffic few 30 5 10 30

begin "two windows of the same traffic are alike, and a few records say too little"
expect_exit 0 driftlead drift a.jsonl b.jsonl --field input=text --json
json '[.verdict, .drifted, .reference.records, .current.records] | @csv' '"PASS",0,4000,3000'
expect_exit 3 driftlead drift a.jsonl few.jsonl --field input=text
contains "$OUT" "INCONCLUSIVE"
contains "$OUT" "would decide"

begin "longer inputs and another mix are found, and named"
expect_exit 1 driftlead drift a.jsonl long.jsonl --field input=text --json
json '[.findings[] | select(.verdict == "FAIL") | .feature] | index("input length") != null' true
json '[.findings[] | select(.feature == "intent" and .detector == "homogeneity") | .verdict][0]' PASS
expect_exit 1 driftlead drift a.jsonl mix.jsonl --field input=text
contains "$OUT" "refund  "
expect_exit 1 driftlead drift a.jsonl mix.jsonl --field input=text --json
json '[.findings[] | select(.feature == "intent" and .detector == "homogeneity") | .changed[0].category][0]' refund

begin "the same answer on one thread and on many, and for packed and split files"
driftlead drift a.jsonl mix.jsonl --field input=text --json >one
DRIFTLEAD_THREADS=1 driftlead drift a.jsonl mix.jsonl --field input=text --json >two
cmp -s one two || fail "threads turn the answer" one two
head -n 1500 mix.jsonl >part1.jsonl
tail -n +1501 mix.jsonl | gzip >part2.jsonl.gz
driftlead drift a.jsonl 'part*.jsonl*' --field input=text --json | jq 'del(.current.what, .command)' >split
jq 'del(.current.what, .command)' one | cmp -s - split || fail "split files turn the answer" one split

begin "tests by name and tolerance, and mistakes told at once"
expect_exit 1 driftlead drift a.jsonl long.jsonl --field input=text --test 'input length=wasserstein:0.05' --json
json '[.findings[] | select(.feature == "input length") | .detector][0]' wasserstein
expect_exit 2 driftlead drift a.jsonl b.jsonl --test x --test 'intent=magic' --format none
contains "$ERR" "test 'x'"
contains "$ERR" "unknown detector 'magic'"
contains "$ERR" "unknown log format 'none'"
expect_exit 2 driftlead drift a.jsonl nowhere.jsonl
expect_exit 2 driftlead drift a.jsonl 41

begin "runs and suites are windows, too"
cases 400
suite
echo 'targets: { good: { protocol: replay, answers: good.jsonl }, same: { protocol: replay, answers: good.jsonl }, wordy: { protocol: replay, answers: wordy.jsonl } }' >driftlead.yaml
awk 'BEGIN { for (i = 1; i <= 400; i++) {
	printf "{\"id\":\"c%d\",\"answer\":\"yes, order %d\"}\n", i, i % 7 >"good.jsonl"
	printf "{\"id\":\"c%d\",\"answer\":\"as far as one can tell from here, yes: order %d\"}\n", i, i % 7 >"wordy.jsonl" } }'
for target in good same wordy; do
	driftlead run suite.yaml -t $target -q >/dev/null
done
driftlead drift good same --test latency=missing --test first_token=missing --json >"$OUT"
json '[.verdict == "FAIL", .reference.kind] | @csv' 'false,"run"'
expect_exit 1 driftlead drift good wordy
contains "$OUT" "output length"
driftlead drift suite.yaml a.jsonl --field input=text --json >"$OUT"
json '[.verdict, .reference.kind, .reference.records] | @csv' '"FAIL","suite",400'

# pairs NAME SEED KEEP SHIFT: two numbers and an embedding of eight, over ten days.  They keep
# together to this part, and each day moves all of it by up to SHIFT.
pairs() {
	awk -v seed="$2" -v keep="$3" -v shift="$4" 'BEGIN {
		srand(seed)
		for (d = 1; d <= 10; d++) {
			day = shift * (rand() - 0.5)
			for (i = 1; i <= 80; i++) {
				x = rand(); y = rand() < keep ? x : rand()
				printf "{\"id\":\"%s-%d-%d\",\"time\":\"2026-%02d-%02dT%02d:00:00Z\",\"x\":%.4f,\"y\":%.4f,\"vector\":[", seed, d, i, seed, d, i % 24, x + day, y + day
				for (k = 0; k < 8; k++) printf "%s%.3f", k ? "," : "", rand() + day
				print "]}"
			}
		}
	}' >"$1.jsonl"
}
pairs loose 1 0 0
pairs again 2 0 0
pairs tight 3 0.7 0

begin "numbers that go together only in one window are found, though none changed by itself"
expect_exit 1 driftlead drift loose.jsonl tight.jsonl --json
json '[.drifted, .findings[0].feature, .findings[0].detector, .findings[0].verdict] | @csv' '0,"all features together","mmd","FAIL"'
json '[.findings[] | select(.detector == "mmd") | .feature] | @csv' '"all features together","vector"'
expect_exit 1 driftlead drift loose.jsonl tight.jsonl
contains "$OUT" "the features changed together, none by itself"
driftlead drift loose.jsonl again.jsonl --json >"$OUT"
json '[.findings[] | select(.detector == "mmd") | .verdict] | index("FAIL")' null
expect_exit 1 driftlead drift loose.jsonl tight.jsonl --test 'all features together=energy:0.01' --json
json '.findings[0].detector' energy
expect_exit 2 driftlead drift loose.jsonl tight.jsonl --test 'all features together=ks'
contains "$ERR" "mmd, energy and classifier do"

begin "a classifier of whole records names what gives the windows away"
expect_exit 1 driftlead drift loose.jsonl tight.jsonl --test 'all features together=classifier'
grep -Eq '^ +x in \[[0-9.]+, [0-9.]+[])] and y in \[[0-9.]+, [0-9.]+[])]  [0-9.]+ % -> [0-9.]+ %$' "$OUT" || fail "no pair is named" "$OUT"
sed 's/"x":0\.[0-1]/"kind":"rare",&/; s/"x":0\.[2-9]/"kind":"common",&/' loose.jsonl >tenth.jsonl
sed 's/"x":0\.[0-4]/"kind":"rare",&/; s/"x":0\.[5-9]/"kind":"common",&/' again.jsonl >half.jsonl
expect_exit 1 driftlead drift tenth.jsonl half.jsonl --test 'all features together=classifier' --json
json '[.findings[0] | .detector, .unit, .n_reference, .changed[0].category] | @csv' '"classifier","AUC - 0.5",800,"kind=rare"'
json '.findings[0].changed | map(select(.category == "kind=common"))[0] | .was > .is' true
driftlead drift loose.jsonl again.jsonl --test 'all features together=classifier' --json >"$OUT"
json '.findings[0] | .verdict == "FAIL"' false
expect_exit 1 driftlead drift loose.jsonl tight.jsonl --test 'all features together=classifier' --block 1d --json
json '[.findings[0] | .detector, .verdict] | @csv' '"classifier","FAIL"'

begin "an embedding drifts, from profiles as from logs"
pairs moved 4 0 2
expect_exit 1 driftlead drift loose.jsonl moved.jsonl --test vector=energy --json
json '.findings[] | select(.feature == "vector") | .verdict' FAIL
driftlead profile loose.jsonl -o loose.profile -q
driftlead drift loose.profile moved.jsonl --test vector=energy --json >"$OUT"
json '.findings[] | select(.feature == "vector") | .verdict' FAIL

begin "days that differ among themselves are no drift by whole days"
pairs days 5 0 1
pairs other 6 0 1
expect_exit 1 driftlead drift days.jsonl other.jsonl
driftlead drift days.jsonl other.jsonl --block 1d --json >"$OUT"
json '[.verdict == "FAIL", .drifted] | @csv' 'false,0'
driftlead drift days.jsonl other.jsonl --block 1d --test 'all features together=classifier' --json >"$OUT"
json '.findings[0] | .verdict == "FAIL"' false
driftlead drift loose.jsonl tight.jsonl --block 1d --json >"$OUT"
json '.findings[0].verdict' FAIL
head -n 240 tight.jsonl >three.jsonl
head -n 240 loose.jsonl >before.jsonl
expect_exit 3 driftlead drift before.jsonl three.jsonl --block 1d
contains "$OUT" "only 3 and 3 blocks of time: 4 in both windows would decide"
expect_exit 2 driftlead drift days.jsonl other.jsonl --block 0.0001s
contains "$ERR" "--block"

begin "a log that cannot be read says where"
{ head -n 50 a.jsonl; printf 'nonsense\n{"a":\n'; } >broken.jsonl
expect_exit 2 driftlead drift a.jsonl broken.jsonl --field input=text
contains "$ERR" "broken.jsonl:51"
printf 'nonsense\n{"a":\n' >nonsense.jsonl
expect_exit 2 driftlead drift nonsense.jsonl a.jsonl
contains "$ERR" "nonsense.jsonl:1"
driftlead drift a.jsonl broken.jsonl --field input=text --max-bad 10% --json >"$OUT"
json .current.bad 2

DATA=${DRIFTLEAD_DATA:-$ROOT/../shared/data}
skip_without "$DATA/banking77/train.csv"
begin "questions of a bank: halves of a file are alike, another file is not, and it says how"
{ head -n 1 "$DATA/banking77/train.csv"; } >head.csv
driftlead drift "$DATA/banking77/train.csv" "$DATA/banking77/test.csv" --field input=text --json >"$OUT"
json .verdict FAIL
json '[.findings[] | select(.verdict == "FAIL") | .feature] | index("category") != null' true
json '[.findings[] | select(.feature == "category" and .detector == "homogeneity") | .changed | length][0]' 5

finish
