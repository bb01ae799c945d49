#!/bin/sh
# Runs that stop when their verdict is decided: the same verdict whatever the slots, however often
# they are killed, and only where the order is random and the metric has a range to bet on.
. "${0%/*}/lib.sh"

# answers NAME SHARE SEED: NAME.jsonl, right for about SHARE % of the cases.
answers() {
	awk -v share="$2" -v seed="$3" 'BEGIN {
		srand(seed)
		for (i = 1; i <= 3000; i++)
			printf "{\"id\":\"c%d\",\"answer\":\"%s\"}\n", i, (100 * rand() < share ? "yes" : "no")
	}' >"$1.jsonl"
	printf '  %s: { protocol: replay, answers: %s.jsonl }\n' "$1" "$1" >>driftlead.yaml
}

gate() {
	suite 'sequential: yes' 'seed: 5' 'gates:' "$@"
}

# What must not differ between two ways to the same verdict.
essence() {
	jq -cS '[.gates[] | {gate, verdict, reason_code, table, n, ci, e_pass, e_fail, stopping: .stopping.n_used}]' "$OUT"
}

cases 3000
echo "targets:" >driftlead.yaml
answers base 90 1
answers bad 80 2
answers near 89 3
suite
driftlead run suite.yaml -t base -q
driftlead baseline set last -q
holds='  - { name: holds, metric: right, rule: no-worse, margin: 2% }'

begin "a candidate that is much worse is stopped early, and the rest is not asked"
gate "$holds"
expect_exit 1 driftlead run suite.yaml -t bad --json
json '.verdict | [.reason_code, .stopping.rule, .ci.valid, (.alpha_split.anytime * 1000 | round)] | @csv' \
	'"regression","hybrid","anytime",10'
jq -e '.verdict.stopping | .n_used < 500 and .n_max == 3000 and .calls_saved > 2000' "$OUT" >/dev/null ||
	fail "it did not stop" "$OUT"
jq -e '.verdict.e_fail.most >= 100 and .verdict.ci.hi < 0' "$OUT" >/dev/null || fail "no evidence" "$OUT"
essence >early
same "select state from v_run order by id desc limit 1" complete
expect_exit 1 driftlead gate last --json
essence >again
cmp -s early again || fail "another verdict" early again
expect_exit 1 driftlead gate last --explain
contains "$OUT" "It decided."

begin "it can be no baseline before the rest is asked, which changes no verdict"
expect_exit 2 driftlead baseline set last
contains "$ERR" "stopped early"
expect_exit 1 driftlead run suite.yaml -t bad --all --json
essence >all
cmp -s early all || fail "another verdict" early all
same "select ndone from v_run order by id desc limit 1" 3000
expect_exit 2 driftlead run suite.yaml -t bad --all --fresh

begin "a candidate like the baseline passes early, one nearly so goes to the end"
expect_exit 0 driftlead run suite.yaml -t base --json
jq -e '.verdict.stopping.n_used < 3000 and .verdict.e_pass.most >= 100' "$OUT" >/dev/null ||
	fail "it did not stop" "$OUT"
driftlead run suite.yaml -t near --json >"$OUT" 2>"$ERR"
json '.verdict | [.stopping.n_used, .ci.valid, .alpha_split.final] | @csv' '3000,"fixed",0.04'

begin "the order of the file, and the number of slots, change nothing"
stub - <<END
on "question 1" reply 200 text "no"
on any          reply 200 text "yes" after 1..9ms
END
cat >>driftlead.yaml <<END
  wide: { protocol: openai, url: "$STUB_URL", model: m, slots: 200 }
  narrow: { protocol: openai, url: "$STUB_URL", model: m, slots: 3 }
END
gate '  - { name: most, metric: right, rule: at-least, value: 75% }'
driftlead run suite.yaml -t wide --json >"$OUT" 2>"$ERR"
essence >wide
driftlead run suite.yaml -t narrow --json >"$OUT" 2>"$ERR"
essence >narrow
cmp -s wide narrow || fail "slots turn the verdict" wide narrow
sort -R --random-source=cases.jsonl cases.jsonl >mixed.jsonl
sed 's/cases.jsonl/mixed.jsonl/' suite.yaml >mixed.yaml
driftlead run mixed.yaml -t narrow --json >"$OUT" 2>"$ERR"
essence >mixed
cmp -s wide mixed || fail "the order of the file turns the verdict" wide mixed

begin "killed at any moment, it goes on to the same verdict"
kills=0
for wait in 0.05 0.1 0.2 0.3; do
	driftlead run suite.yaml -t narrow --fresh -q --store killed.db >/dev/null 2>&1 &
	pid=$!
	sleep $wait
	kill -9 $pid 2>/dev/null && kills=$((kills + 1))
	wait $pid 2>/dev/null
	driftlead run suite.yaml -t narrow --json --store killed.db >"$OUT" 2>"$ERR"
	essence >resumed
	cmp -s wide resumed || fail "killed after $wait s: another verdict" wide resumed
done
[ $kills -gt 0 ] || fail "nothing was killed"

begin "an outage decides nothing"
stub - <<END
on any reply 500 text "x"
END
echo "  dead: { protocol: openai, url: '$STUB_URL', model: m, slots: 4, retries: 0, give_up: 1000000 }" >>driftlead.yaml
gate "$holds"
driftlead run suite.yaml -t dead --json >"$OUT" 2>"$ERR"
json '[.verdict.verdict, .verdict.stopping.n_used] | @csv' '"INCONCLUSIVE",3000'

begin "an amount has no range to bet on, and a release waits for it"
gate "$holds" '  - { name: quick, metric: time, rule: at-most, value: 1s }'
sed -i 's/^sequential/  - { name: time, scorer: latency }\n&/' suite.yaml
driftlead run suite.yaml -t base -q >/dev/null
expect_exit 0 driftlead run suite.yaml -t base --fresh --json
json '[.gates[0].e_pass.most >= 100, .gates[1].e_pass, .gates[0].stopping.n_used] | @csv' 'true,,3000'

begin "with shares and clusters it bets in rounds of whole clusters"
awk '{ n = NR - 1; sub(/}$/, ",\"part\":\"p" (int(n / 10) % 4) "\",\"doc\":\"d" int(n / 10) "\"}"); print }' \
	cases.jsonl >parted.jsonl
mv parted.jsonl cases.jsonl
shares='slices: { by: part, shares: { p0: 40%, p1: 30%, p2: 20%, p3: 10% } }'
suite 'fields: { cluster: doc }' "$shares"
driftlead run suite.yaml -t base -q
driftlead baseline set last -q
suite 'fields: { cluster: doc }' "$shares" 'sequential: yes' 'gates:' "$holds"
expect_exit 1 driftlead run suite.yaml -t bad --json
jq -e '.verdict | .stopping.n_used < 3000 and .stopping.n_used % 10 == 0 and .unit == "cluster" and
	.n_clusters >= 50' "$OUT" >/dev/null || fail "no rounds of clusters" "$OUT"

begin "clusters that spread over slices are not bet on"
sed -i 's/"doc":"d[0-9]*\([0-9]\)"/"doc":"e\1"/' cases.jsonl
suite 'fields: { cluster: doc }' "$shares"
driftlead run suite.yaml -t base -q
driftlead baseline set last -q
suite 'fields: { cluster: doc }' "$shares" 'sequential: yes' 'gates:' "$holds"
driftlead run suite.yaml -t bad --json >"$OUT" 2>"$ERR"
json '[.verdict.e_pass, .verdict.stopping.n_used] | @csv' ',3000'

DATA=${DRIFTLEAD_DATA:-$ROOT/../shared/data}
skip_without "$DATA/gsm8k/example_model_solutions.jsonl"
begin "of 1,319 recorded answers of a far smaller model it takes fewer than 200"
{
	echo "data_roots: ['$DATA']"
	echo "targets:"
	for m in 6b_finetuning 175b_verification; do
		echo "  m$m: { protocol: replay, answers: '$DATA/gsm8k/example_model_solutions.jsonl',"
		echo "         match: question, answer: /$m/solution }"
	done
} >driftlead.yaml
cat >gsm.yaml <<END
suite: gsm8k
cases: $DATA/gsm8k/test.jsonl
sequential: yes
fields:
  input: question
  expect: { from: answer, extract: '#### (.*)' }
metrics:
  - { name: right, scorer: number }
gates:
  - { name: holds, metric: right, rule: no-worse, margin: 2% }
END
driftlead run gsm.yaml -t m175b_verification -q >/dev/null
expect_exit 0 driftlead baseline set last -q
expect_exit 1 driftlead run gsm.yaml -t m6b_finetuning --json
jq -e '.verdict.stopping.n_used < 200 and .run.answers < 400' "$OUT" >/dev/null || fail "too many" "$OUT"

finish
