#!/bin/sh
# Gates: every verdict, every reason, and the exit status that belongs to it.
. "${0%/*}/lib.sh"

# answers NAME WRONG...: NAME.jsonl, right but for the cases from A to B of each WRONG "A-B"; "A-B!"
# has no answer from the service.
answers() {
	name=$1
	shift
	awk -v n="$N" -v wrong="$*" 'BEGIN {
		m = split(wrong, range, " ")
		for (i = 1; i <= n; i++) {
			what = "yes"; how = "answered"
			for (k = 1; k <= m; k++) {
				split(range[k], at, /[-!]/)
				if (i >= at[1] + 0 && i <= at[2] + 0) {
					what = range[k] ~ /!/ ? "" : "no"
					how = range[k] ~ /!/ ? "unavailable" : how
				}
			}
			printf "{\"id\":\"c%d\",\"answer\":\"%s\",\"how\":\"%s\"}\n", i, what, how
		} }' >"$name.jsonl"
	printf '  %s: { protocol: replay, answers: %s.jsonl, outcome: how }\n' "$name" "$name" >>driftlead.yaml
}

gate() {  # LINE...: of the suite, after its gates
	suite 'gates:' "$@"
}

# base NAME: it becomes the baseline.
base() {
	driftlead run "${2:-suite.yaml}" -t "$1" -q --fresh >/dev/null 2>&1
	driftlead baseline set last >/dev/null || fail "no baseline"
}

# verdict STATUS VERDICT REASON COMMAND...
verdict() {
	want=$1 verdict=$2 reason=$3
	shift 3
	expect_exit "$want" "$@" --json
	json '.verdict | [.verdict, .reason_code] | @csv' "\"$verdict\",\"$reason\""
}

N=1000
cases $N
echo "targets:" >driftlead.yaml
answers perfect
answers a 1-100
answers same 1-100
answers slightly 1-103
answers much 1-200
answers some 1-115
answers better 1-50
answers broken 1-100 500-530!
answers dented 1-100 501-505!
answers silent 1-1000!

at_least='{ name: g, metric: right, rule: at-least, value: '
begin "an answer that is empty or cut counts against an at-most gate"
awk 'BEGIN { for (i = 1; i <= 1000; i++)
	printf "{\"id\":\"c%d\",\"answer\":\"%s\",\"how\":\"%s\"}\n", i, (i <= 30 ? "" : "no"),
	       (i > 30 && i <= 60 ? "truncated" : "answered") }' >mute.jsonl
printf '  mute: { protocol: replay, answers: mute.jsonl, outcome: how }\n' >>driftlead.yaml
gate '  - { name: g, metric: right, rule: at-most, value: 2% }'
verdict 1 FAIL bound_missed driftlead run suite.yaml -t mute --fresh
json '.verdict.candidate.at' 0.06

begin "at-least and at-most: PASS, FAIL, INCONCLUSIVE"
gate "  - $at_least 87% }"
verdict 0 PASS bound_met driftlead run suite.yaml -t a --fresh
gate "  - $at_least 93% }"
verdict 1 FAIL bound_missed driftlead run suite.yaml -t a --fresh
gate "  - $at_least 90% }"
verdict 3 INCONCLUSIVE interval_covers_bound driftlead run suite.yaml -t a --fresh
suite '  - { name: size, scorer: length, of: bytes }' 'gates:' \
	'  - { name: g, metric: size, rule: at-most, value: 3 }'
verdict 0 PASS bound_met driftlead run suite.yaml -t much --fresh
suite '  - { name: size, scorer: length, of: bytes }' 'gates:' \
	'  - { name: g, metric: size, rule: at-most, value: 2.5 }'
verdict 1 FAIL bound_missed driftlead run suite.yaml -t much --fresh

no_worse='{ name: g, metric: right, rule: no-worse, margin:'
begin "no-worse: PASS, FAIL, INCONCLUSIVE, each with its exit status"
gate "  - $no_worse 2% }"
base a
verdict 0 PASS non_inferior driftlead run suite.yaml -t same
json '.verdict.table | [.n11, .b, .c, .n00] | @csv' 900,0,0,100
verdict 0 PASS non_inferior driftlead run suite.yaml -t better
verdict 1 FAIL regression driftlead run suite.yaml -t much
verdict 3 INCONCLUSIVE loss_within_margin driftlead run suite.yaml -t some
verdict 0 PASS non_inferior_with_loss driftlead run suite.yaml -t slightly
gate "  - $no_worse 0.3% }"
verdict 3 INCONCLUSIVE too_few_cases driftlead run suite.yaml -t slightly

begin "the release is the worst of its gates"
gate "  - $at_least 50% }" "  - { name: h, metric: right, rule: at-least, value: 99% }"
expect_exit 1 driftlead run suite.yaml -t a --fresh
is "$(tail -n 1 "$OUT")" FAIL
contains "$OUT" "  PASS          g"
contains "$OUT" "  FAIL          h"

begin "no baseline"
gate "  - $no_worse 2% }"
driftlead baseline drop --suite smoke >/dev/null
verdict 3 INVALID no_baseline driftlead run suite.yaml -t a

begin "a model that was not measured is not judged"
base a
verdict 3 INVALID unanswered driftlead run suite.yaml -t broken
verdict 3 INVALID unanswered driftlead run suite.yaml -t silent
gate "  - $at_least 50% }"
verdict 3 INVALID unanswered driftlead run suite.yaml -t silent --fresh
gate "  - $at_least 1%, unanswered: 100% }"
driftlead run suite.yaml -t silent --fresh >"$OUT" 2>"$ERR"
is $? 3 "the status when nothing at all was answered"
gate "  - { name: g, metric: right, rule: no-worse, margin: 0.6% }"
base a
verdict 3 INVALID unanswered_decides driftlead run suite.yaml -t dented
gate "  - { name: g, metric: right, rule: no-worse, margin: 10%, unanswered: 50% }"
verdict 3 INVALID missing_differs driftlead run suite.yaml -t broken

begin "runs that cannot be compared: prompt, parameter, scorer, metric, cases"
gate "  - $no_worse 2% }"
base a
sed 's/^metrics/prompt: "Say: {{input}}"\n&/' suite.yaml >other.yaml
verdict 3 INVALID prompt_changed driftlead run other.yaml -t same
sed 's/scorer: exact/scorer: exact, fold: yes/' suite.yaml >other.yaml
verdict 3 INVALID scorer_changed driftlead run other.yaml -t same
sed 's/scorer: exact/scorer: starts_with/' suite.yaml >other.yaml
verdict 3 INVALID scorer_changed driftlead run other.yaml -t same
sed 's/name: right/name: other/; s/metric: right/metric: other/' suite.yaml >other.yaml
verdict 3 INVALID metric_missing driftlead run other.yaml -t same
sed 's/question 7\./question seven./' cases.jsonl >edited.jsonl
sed 's/cases.jsonl/edited.jsonl/' suite.yaml >other.yaml
verdict 3 INVALID overlap driftlead run other.yaml -t same
contains "$OUT" "1 were edited"
sed 's/cases.jsonl/edited.jsonl/; s/margin: 2%/margin: 2%, overlap: 99%/' suite.yaml >other.yaml
verdict 0 PASS non_inferior driftlead run other.yaml -t same

begin "a baseline must be a whole run"
expect_exit 3 driftlead run suite.yaml -t better -f id:c1* -q
expect_exit 2 driftlead baseline set last
contains "$ERR" "only part of its suite"
gate "  - $no_worse 2% }"
driftlead run suite.yaml -t same --fresh -q >/dev/null
verdict 3 INVALID filtered driftlead run suite.yaml -t better -f id:c1*

begin "a relative margin of no errors"
gate "  - { name: g, metric: right, rule: no-worse, margin: 50%, relative: yes }"
base perfect
verdict 3 INVALID margin_zero driftlead run suite.yaml -t perfect

begin "a metric that can score nothing judges nothing"
sed 's/,"expect":"yes"//' cases.jsonl >mute.jsonl
gate "  - $at_least 1% }"
sed 's/cases.jsonl/mute.jsonl/' suite.yaml >other.yaml
verdict 3 INCONCLUSIVE nothing_to_judge driftlead run other.yaml -t a

begin "without gates a run that measured something is 0, one that measured nothing is not"
suite
expect_exit 0 driftlead run suite.yaml -t much --fresh
expect_exit 3 driftlead run suite.yaml -t silent --fresh

begin "gate judges again, and a stored run gets the same verdict"
gate "  - $no_worse 2% }"
base a
verdict 1 FAIL regression driftlead run suite.yaml -t much
jq -S '.verdict' "$OUT" >first
run=$(jq .run.id "$OUT")
verdict 1 FAIL regression driftlead gate "$run"
jq -S '.verdict' "$OUT" >second
cmp -s first second || fail "another verdict" first second
sed 's/margin: 2%/margin: 30%/' suite.yaml >wide.yaml
expect_exit 0 driftlead gate "$run" --suite wide.yaml --json

begin "score makes the same rows again, without a request"
driftlead export "$run" | sort >before
sqlite3 -readonly "$STORE" "select * from v_score where run = $run order by 1,2,3,4,5,6" >before.rows
rm much.jsonl cases.jsonl
expect_exit 0 driftlead score "$run" -q
driftlead export "$run" | sort >after
sqlite3 -readonly "$STORE" "select * from v_score where run = $run order by 1,2,3,4,5,6" >after.rows
cmp -s before after || fail "other rows" before after
cmp -s before.rows after.rows || fail "other scores" before.rows after.rows

finish
