#!/bin/sh
# A metric over the runs of a suite: values, segments, changes and the e-detector, against numbers
# worked out by hand.
. "${0%/*}/lib.sh"

# answers FILE WRONG: recorded answers to c1 .. c100, of which the first WRONG are wrong.
answers() {
	awk -v wrong="$2" 'BEGIN {
		for (i = 1; i <= 100; i++)
			printf "{\"id\":\"c%d\",\"answer\":\"%s\"}\n", i, i <= wrong ? "no" : "yes"
	}' >"$1"
}

# ask N TARGET [SUITE]: that many runs.
ask() {
	lib_n=$1
	while [ "$lib_n" -gt 0 ]; do
		driftlead run "${3:-suite.yaml}" -t "$2" -q --fresh >/dev/null 2>&1
		lib_n=$((lib_n - 1))
	done
}

cases 100
suite
answers good.jsonl 10
answers worse.jsonl 20
answers broken.jsonl 100
cat >driftlead.yaml <<'END'
targets:
  good: { protocol: replay, answers: good.jsonl }
  worse: { protocol: replay, answers: worse.jsonl }
  broken: { protocol: replay, answers: broken.jsonl }
END

begin "names that nothing has"
expect_exit 2 driftlead history smoke
ask 1 good
expect_exit 2 driftlead history smok
contains "$ERR" "no run of a suite named 'smok'"
expect_exit 2 driftlead history smoke -m left -t nobody --slice nowhere
is "$(wc -l <"$ERR" | tr -d ' ')" 3 "the number of sentences"
contains "$ERR" "on target 'nobody'"
contains "$ERR" "a metric 'left'"
contains "$ERR" "no slice 'nowhere'"

begin "too few runs for a test"
ask 4 good
expect_exit 0 driftlead history smoke
contains "$OUT" "smoke: right, 5 runs, higher is better"
contains "$OUT" "too few runs for a test: 5, it takes 6"
contains "$OUT" "    1  $(date -u +%Y)"
contains "$OUT" "  good           100     90.0 %  82.6 .. 94.5 %"
expect_exit 0 driftlead history suite.yaml --json
json '.segments[0] | [.tested, .p_least, .greatest, (.changes | length)] | @csv' false,,,0

begin "a path and a name mean the same"
cp "$OUT" path.json
expect_exit 0 driftlead history smoke --json
cmp -s "$OUT" path.json || fail "they differ"

begin "the same value in every run is no change"
ask 1 good
expect_exit 0 driftlead history smoke --json
json '.segments[0] | [.tested, .variance, .greatest.p, .greatest.z] | @csv' true,,1,0
expect_exit 0 driftlead history smoke
contains "$OUT" "no change at 1 %"
contains "$OUT" "6 runs can have no p below 0.1: 10 are needed for one below 0.01"

begin "ten cases of a hundred fail from run 7 on"
ask 4 worse
expect_exit 0 driftlead history smoke --json
# Nine pairs of neighbours, of which one differs in ten cases: .1 / 100 / 9 / 2.
json '.segments[0].variance * 1e9 | round' 55556
json '[.segments[0].runs[].psi] | @csv' ,0,0,0,0,0,0.1,0,0,0
json '.segments[0].runs[6].changed | join(" ")' "target target_digest"
# -.1 / sqrt(variance (1/6 + 1/4))
json '.segments[0].greatest | [.run, (.before * 10 | round), (.after * 10 | round),
	(.z * 100 | round)] | @csv' 7,9,8,-2078
# Two halves of 5 are .0079; this split of 6 and 4 has 2 / 210.
json '.segments[0].p_least * 10000 | round' 79
is "$(jq '.segments[0].greatest.p | . > 0.007 and . < 0.013' "$OUT")" true "whether p is about .0095"
# More runs bring no more cases: 1.96 sqrt(.1 / 100)
json '.segments[0].greatest | [.lo, .hi] | map(. * 10000 | round) | @csv' -1620,-380

begin "and after one more that is a change at 1 %"
ask 1 worse
expect_exit 0 driftlead history smoke --json
json '[.segments[0].changes[].run] | @csv' 7
expect_exit 0 driftlead history smoke
contains "$OUT" "changed with run 7: 90.0 % -> 80.0 %,"
contains "$OUT" "-10.0 pt [-16.2, -3.8] (95 %), p 0.00"
contains "$OUT" "         another target"
is "$(awk 'length($0) > 80' "$OUT")" "" "a line of more than 80 columns"

begin "the e-detector: five bets on a rate of .9 less .02"
# 1.6, 1.3, 1.15, 1.075, 1.0375 to the fifth, on average
expect_exit 0 driftlead history smoke --json
json '.detector | [.reference_run, .reference, .tolerance, .gate, .watched, .threshold,
	.alarm_run] | @csv' 1,0.9,0.02,,10,1000,
json '.detector.value * 10000 | round' 37696
ask 4 broken
expect_exit 0 driftlead history smoke --json
json .detector.alarm_run 15
expect_exit 0 driftlead history smoke
contains "$OUT" "alarm with run 15"

begin "the baseline is the reference, and a gate's margin the tolerance"
expect_exit 0 driftlead baseline set 7 -q
suite 'gates:' '  - { name: g, metric: right, rule: no-worse, margin: 5% }'
ask 1 worse
expect_exit 0 driftlead history smoke --json
json '.detector | [.reference_run, .reference, .tolerance, .gate] | @csv' '7,0.8,0.05,"g"'

begin "one target only"
expect_exit 0 driftlead history smoke -t worse --json
json '[.segments[].runs[].target] | unique | join(" ")' worse
json '.segments[0].runs | length' 6

begin "runs that asked in part are left out"
driftlead run suite.yaml -t good -q -f id:c1 >/dev/null 2>&1
expect_exit 0 driftlead history smoke --json
json .partial 1
json '[.segments[].runs[]] | length' 16
expect_exit 0 driftlead history smoke
contains "$OUT" "left out: 1 runs that asked only part"

begin "another prompt, other cases and another scorer begin a segment"
rm -rf .driftlead
suite
ask 2 good
sed 's/^metrics:/prompt: "Say yes to {{input}}"\n&/' suite.yaml >prompt.yaml
ask 2 good prompt.yaml
sed 's/question 5\./another 5./' cases.jsonl >edited.jsonl
sed 's/cases.jsonl/edited.jsonl/' prompt.yaml >edited.yaml
ask 1 good edited.yaml
sed 's/exact/contains/' edited.yaml >scorer.yaml
ask 1 good scorer.yaml
expect_exit 0 driftlead history smoke --json
json '[.segments[] | .why // "-"] | join("|")' "-|another prompt|other cases|another scorer"
json '[.segments[].runs | length] | @csv' 2,2,1,1
json '[.segments[].runs[0].changed | join(" ")] | join("|")' \
	"|suite_digest prompt_digest|suite_digest|suite_digest scorer"
expect_exit 0 driftlead history smoke
contains "$OUT" "segment 2 of 4: another prompt"

begin "a suite that only got another metric is the same by the old one"
rm -rf .driftlead
ask 1 good
suite '  - { name: size, scorer: length }'
ask 1 worse
expect_exit 0 driftlead history smoke --json
json '[.segments[].runs[].changed | join(" ")] | join("|")' "|target target_digest suite_digest"
expect_exit 0 driftlead history smoke -m size --json
json '[.segments[].runs | length] | @csv' 1
json '[.unmeasured, .detector] | @csv' 0,
expect_exit 0 driftlead history smoke -m size
contains "$OUT" "no e-detector: only rates have one"

begin "a run that stopped early counts by its own interval"
rm -rf .driftlead
suite 'sequential: yes' 'gates:' '  - { name: g, metric: right, rule: at-least, value: 30% }'
awk 'BEGIN { for (i = 1; i <= 800; i++)
	printf "{\"id\":\"c%d\",\"input\":\"q %d\",\"expect\":\"yes\"}\n", i, i }' >cases.jsonl
awk 'BEGIN { for (i = 1; i <= 800; i++)
	printf "{\"id\":\"c%d\",\"answer\":\"%s\"}\n", i, (i % 10 ? "yes" : "no") }' >good.jsonl
ask 6 good
expect_exit 0 driftlead run suite.yaml -t good -q --all
expect_exit 0 driftlead history smoke --json
early=$(jq '.segments[0].runs[0].n' "$OUT")
[ "$early" -ge 50 ] && [ "$early" -lt 800 ] || fail "$early cases of a run that was to stop"
json '.segments[0] | [.why, .runs[5].n, .tested, (.changes | length)] | @csv' ,800,true,0
# Five runs on the same first cases, and one on all: the same model, so nothing differs.
json '.segments[0].variance' null
is "$(jq '.segments[0].greatest | .z * .z < 1' "$OUT")" true "whether the runs agree"

begin "a slice by itself"
rm -rf .driftlead
answers good.jsonl 10
awk 'BEGIN { for (i = 1; i <= 100; i++)
	printf "{\"id\":\"c%d\",\"input\":\"q %d\",\"expect\":\"yes\",\"kind\":\"%s\"}\n", i, i,
		i <= 20 ? "hard" : "easy" }' >cases.jsonl
suite 'fields: { input: input, expect: expect }' \
	'slices: { by: kind, shares: { easy: 60%, hard: 40% } }'
ask 1 good
ask 1 worse
expect_exit 0 driftlead history smoke --slice hard --json
json '[.slice, .segments[0].runs[1].n, .segments[0].runs[0].at, .segments[0].runs[1].at,
	.segments[0].runs[1].psi] | @csv' '"hard",20,0.5,0,0.5'
expect_exit 0 driftlead history smoke --json
json '[.segments[0].runs[].at * 100 | round] | @csv' 80,60

finish
