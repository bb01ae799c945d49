#!/bin/sh
# How accurate are answers that nobody graded?  Right where only the mix of confidences changed, found
# out where confidence means something else, and corrected by what outcomes there are.
. "${0%/*}/lib.sh"

# traffic NAME N SEED PEAK GRADED [DROP]: NAME.jsonl, N classified requests of which the first GRADED
# have a label.  Confidence is U^(1/PEAK); an answer is right with probability 0.3 + 0.65 of it, less
# DROP; NAME.truth is the mean of that.
traffic() {
	awk -v n="$2" -v seed="$3" -v peak="$4" -v graded="$5" -v drop="${6:-0}" -v truth="$1.truth" 'BEGIN {
		srand(1000003 * seed)
		split("refund shipping account", class, " ")
		for (i = 1; i <= n; i++) {
			c = rand() ^ (1 / peak)
			label = 1 + int(3 * rand())
			p = 0.3 + 0.65 * c - drop
			answer = rand() < p ? label : 1 + label % 3
			right += p < 0 ? 0 : p
			printf "{\"id\":\"%s-%d\",\"prediction\":\"%s\",\"confidence\":%.4f", seed, i, class[answer], c
			if (i <= graded)
				printf ",\"label\":\"%s\"", class[label]
			print "}"
		}
		print right / n >truth
	}' >"$1.jsonl"
}

traffic ref 4000 1 3 4000
traffic same 4000 2 3 0
traffic unsure 4000 3 1.5 0
traffic unsure_graded 4000 4 1.5 300
traffic worse 4000 5 3 600 0.15
traffic worse_blind 4000 5 3 0 0.15
traffic few 60 9 3 0

# holds WHICH NAME: the interval of an estimate holds the truth, but for one in twenty.
holds() {
	json "(.$1.lo - 0.01 < $(cat "$2.truth")) and ($(cat "$2.truth") < .$1.hi + 0.01)" true
}

begin "the same traffic passes, and nothing is claimed of outcomes that are not there"
expect_exit 0 driftlead performance ref.jsonl same.jsonl --json
json '[.verdict, .basis, .reference.known, .current.known] | @csv' '"PASS","confidence",4000,0'
holds by_confidence same
json '[.by_outcomes.at, .calibration_shift.p, .label_shift.p < 0.05] | @csv' ',,false'
expect_exit 0 driftlead performance ref.jsonl same.jsonl
contains "$OUT" "not tested: the current window has no outcome"
expect_exit 0 driftlead performance ref.jsonl same.jsonl -q
is "$(cat "$OUT")" ""

begin "less sure answers are less often right, and by how much is told without a label"
expect_exit 1 driftlead performance ref.jsonl unsure.jsonl --json
holds by_confidence unsure
json '.by_confidence.change_hi < -0.02' true
expect_exit 1 driftlead performance ref.jsonl unsure_graded.jsonl --json
json '[.calibration_shift.n, .calibration_shift.p > 0.05, .basis] | @csv' '300,true,"confidence"'
holds by_outcomes unsure_graded
expect_exit 0 driftlead performance ref.jsonl unsure.jsonl --margin 50%

begin "answers that got worse at the same confidence are found by outcomes, and only by them"
expect_exit 0 driftlead performance ref.jsonl worse_blind.jsonl
expect_exit 1 driftlead performance ref.jsonl worse.jsonl --json
json '[.verdict, .basis, .calibration_shift.p < 0.001] | @csv' '"FAIL","outcomes",true'
holds by_outcomes worse
expect_exit 1 driftlead performance ref.jsonl worse.jsonl
contains "$OUT" "it shifted"

begin "too little to tell says how much would do"
expect_exit 3 driftlead performance ref.jsonl few.jsonl --json
json '[.verdict, .n_needed > 60] | @csv' '"INCONCLUSIVE",true'
head -n 300 ref.jsonl >short.jsonl
expect_exit 3 driftlead performance short.jsonl same.jsonl --margin 1% --json
json '.n_reference_needed > 300' true
# Only what the reference has shown at all can be expected.
awk -F'"confidence":' '{ split($2, c, /[,}]/) } c[1] > 0.8' ref.jsonl >sure.jsonl
expect_exit 3 driftlead performance sure.jsonl unsure.jsonl
contains "$OUT" "hardly has any"
sed 's/"confidence":[0-9.]*/"confidence":"0.9"/' ref.jsonl >alike.jsonl
expect_exit 3 driftlead performance alike.jsonl alike.jsonl
contains "$OUT" "a single confidence"

begin "a changed mix of classes is told from predictions alone"
# mix NAME N SEED REFUNDS GRADED: predictions are right in 90 %, of refunds in 60 %.
mix() {
	awk -v n="$2" -v seed="$3" -v refunds="$4" -v graded="$5" 'BEGIN {
		srand(1000003 * seed)
		for (i = 1; i <= n; i++) {
			label = 100 * rand() < refunds ? "refund" : rand() < 0.5 ? "shipping" : "account"
			other = label == "refund" ? "shipping" : label == "shipping" ? "account" : "refund"
			ok = rand() < (label == "refund" ? 0.6 : 0.9)
			print "{\"prediction\":\"" (ok ? label : other) "\",\"confidence\":" (ok || rand() < 0.3 ? 0.9 : 0.5) \
			      (i <= graded ? ",\"label\":\"" label "\"}" : "}")
		}
	}' >"$1.jsonl"
}
mix before 5000 7 20 5000
mix after 5000 8 50 0
driftlead performance before.jsonl after.jsonl --json >"$OUT"
json '.label_shift.p < 0.001' true
json '[.label_shift.classes[] | select(.class == "refund") | .lo - 0.02 < 0.5 and 0.5 < .hi + 0.02 and .is > 0.4][0]' true
json '.label_shift.lo - 0.02 < 0.75 and 0.75 < .label_shift.hi + 0.02' true
json '[.label_shift.classes[].is] | add | . > 0.999999 and . < 1.000001' true
driftlead performance before.jsonl after.jsonl >"$OUT"
contains "$OUT" "if nothing but the mix of classes changed"
contains "$OUT" "refund  "
# Confidences that say nothing see nothing; that does not pass.
for f in before after; do
	awk '{ sub(/"confidence":[0-9.]*/, "\"confidence\":0." 7 + NR % 3) } 1' $f.jsonl >vain_$f.jsonl
done
expect_exit 3 driftlead performance vain_before.jsonl vain_after.jsonl
contains "$OUT" "by the changed mix of classes more than the margin"

begin "the same on one thread and on many, packed and split"
driftlead performance ref.jsonl worse.jsonl --json >one
DRIFTLEAD_THREADS=1 driftlead performance ref.jsonl worse.jsonl --json >two
cmp -s one two || fail "threads turn the answer" one two
head -n 1500 worse.jsonl >part1.jsonl
tail -n +1501 worse.jsonl | gzip >part2.jsonl.gz
driftlead performance ref.jsonl 'part*' --json | jq 'del(.current.what)' >split
jq 'del(.current.what)' one | cmp -s - split || fail "split files turn the answer" one split

begin "CSV, standard input, and outcomes that are stated"
jq -r 'select(.label) | [.confidence, (.label == .prediction)] | @csv' worse.jsonl |
	{ echo 'sure,ok'; cat; } >worse.csv
jq -c '{sure: .confidence, ok: (if .label == .prediction then 1 else 0 end)}' ref.jsonl |
	driftlead performance - worse.csv --confidence sure --correct ok --json >"$OUT"
json '[.verdict, .basis, .reference.records, .current.known, .label_shift.p] | @csv' '"FAIL","outcomes",4000,600,'

begin "what cannot be read is told with its place"
expect_exit 2 driftlead performance ref.jsonl same.jsonl --confidence sure
contains "$ERR" "none of 4000 records has a confidence in 'sure'"
contains "$ERR" "--confidence"
expect_exit 2 driftlead performance same.jsonl ref.jsonl
contains "$ERR" "of 4000 records 4000 have a prediction in 'prediction' and 0 a label in 'label'"
expect_exit 2 driftlead performance ref.jsonl same.jsonl --correct ok
contains "$ERR" "says in 'ok' whether the answer was right"
sed 's/"confidence":0/"confidence":80/' same.jsonl >percent.jsonl
expect_exit 2 driftlead performance ref.jsonl percent.jsonl
contains "$ERR" "percent.jsonl:1"
contains "$ERR" "a number from 0 to 1"
{ cat same.jsonl; echo '{"prediction":"refund","confidence":"very"}'; } >one_bad.jsonl
expect_exit 0 driftlead performance ref.jsonl one_bad.jsonl --json
json .current.refused 1
expect_exit 2 driftlead performance ref.jsonl nowhere.jsonl --margin 0 --format none
contains "$ERR" "--margin"
contains "$ERR" "unknown log format 'none'"
: >empty.jsonl
expect_exit 2 driftlead performance ref.jsonl empty.jsonl
contains "$ERR" "hold no record"

begin "names that nobody foresaw"
awk 'BEGIN { for (i = 0; i < 70000; i++) printf "{\"prediction\":\"p%d\",\"label\":\"l%d\",\"confidence\":%.3f}\n", i, i % 7, (i % 1000) / 1000 }' >names.jsonl
jq -c 'if .confidence > 0.5 then .prediction = .label else . end' names.jsonl >many.jsonl
driftlead performance many.jsonl many.jsonl --json >"$OUT"
json '[.verdict, .reference.known, .label_shift.p < 0.05] | @csv' '"PASS",70000,false'
awk 'BEGIN { for (i = 0; i < 70000; i++) printf "{\"prediction\":\"p%d\",\"label\":\"l%d\",\"confidence\":%.3f}\n", i % 2 ? i : -i, i, (i % 1000) / 1000 }' >crowd.jsonl
expect_exit 3 driftlead performance crowd.jsonl crowd.jsonl --json
json '[.label_shift.p, .why] | @csv' ',"the reference has fewer than 10 right or fewer than 10 wrong answers"'

finish
