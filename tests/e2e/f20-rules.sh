#!/bin/sh
# The rules beside at-least, at-most and no-worse; slices, attempts and the explanation.
. "${0%/*}/lib.sh"

# answers NAME FROM TO: NAME.jsonl, right but for the cases FROM to TO.
answers() {
	awk -v n=1000 -v from="$2" -v to="$3" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "{\"id\":\"c%d\",\"answer\":\"%s\"}\n", i, (i >= from && i <= to ? "no" : "yes")
	}' >"$1.jsonl"
	printf '  %s: { protocol: replay, answers: %s.jsonl }\n' "$1" "$1" >>driftlead.yaml
}

gate() {
	suite 'gates:' "$@"
}

# verdict STATUS VERDICT REASON TARGET
verdict() {
	expect_exit "$1" driftlead run suite.yaml -t "$4" --fresh --json
	json '.verdict | [.verdict, .reason_code] | @csv' "\"$2\",\"$3\""
}

cases 1000
echo "targets:" >driftlead.yaml
answers a 1 100
answers same 1 100
answers better 1 40
answers worse 1 160
answers none 1 0
answers one 7 7
suite
driftlead run suite.yaml -t a -q
driftlead baseline set last -q

begin "better: a gain must be shown, and a loss is a failure"
gate "  - { name: g, metric: right, rule: better }"
verdict 0 PASS superior better
verdict 3 INCONCLUSIVE no_demonstrated_gain same
verdict 1 FAIL worse worse
gate "  - { name: g, metric: right, rule: better, margin: 8% }"
verdict 3 INCONCLUSIVE no_demonstrated_gain better

begin "equivalent: a change to either side is one"
gate "  - { name: g, metric: right, rule: equivalent, margin: 2% }"
verdict 0 PASS equivalent same
verdict 1 FAIL different better
verdict 1 FAIL different worse
gate "  - { name: g, metric: right, rule: equivalent, margin: 7% }"
verdict 3 INCONCLUSIVE equivalence_open better

begin "guardrail: 0 of 1000 prove 1 %, 1 of 1000 prove 0.5 %, 100 of 1000 violate it"
gate "  - { name: g, metric: right, rule: guardrail, value: 1% }"
verdict 0 PASS guardrail_holds none
verdict 1 FAIL guardrail_violated same
json '.verdict.guardrails[0] | [.failures, .n] | @csv' '100,1000'
gate "  - { name: g, metric: right, rule: guardrail, value: 0.5% }"
verdict 0 PASS guardrail_holds one
gate "  - { name: g, metric: right, rule: guardrail, value: 0.1% }"
verdict 3 INCONCLUSIVE guardrail_open one
json .verdict.n_needed 4742

begin "latency and cost need an amount, guardrail a rate of 0 or 1"
gate "  - { name: l, metric: right, rule: latency, value: 1 }" \
	"  - { name: c, metric: right, rule: cost, value: 1 }" \
	"  - { name: b, metric: right, rule: better, value: 1 }" \
	"  - { name: e, metric: right, rule: equivalent }" \
	"  - { name: n, metric: right, rule: no-worse, margin: -2% }"
expect_exit 2 driftlead run suite.yaml -t same
contains "$ERR" "gate 'l': rule latency judges an amount"
contains "$ERR" "gate 'c': rule cost judges an amount"
contains "$ERR" "gate 'b': rule better takes a margin, not a value"
contains "$ERR" "gate 'e': rule equivalent needs a margin"
contains "$ERR" "gate 'n'"

begin "latency: the quantile, its bound, and how many cases it takes"
gate "  - { name: g, metric: time, rule: latency, value: 10s }"
sed -i 's/^gates:/  - { name: time, scorer: latency }\n&/' suite.yaml
verdict 0 PASS latency_met same
json '.verdict | [.quantile, .hits, .n] | @csv' '0.95,1000,1000'
sed 's/value: 10s/value: 0.00001ms/' suite.yaml >never.yaml
expect_exit 1 driftlead gate last --suite never.yaml
contains "$OUT" "too few answers come within the limit"
sed 's/value: 10s/value: 10s, quantile: 99.9%/' suite.yaml >tail.yaml
expect_exit 3 driftlead gate last --suite tail.yaml --json
json '.verdict | [.reason_code, .n_needed] | @csv' '"latency_open",2995'

begin "an advisory gate has no say, and alone decides nothing"
gate "  - { name: g, metric: right, rule: at-least, value: 50% }" \
	"  - { name: h, metric: right, rule: better, advisory: yes }"
verdict 0 PASS bound_met worse
json '.gates[1] | [.verdict, .advisory] | @csv' '"FAIL",true'
gate "  - { name: h, metric: right, rule: better, advisory: yes }"
verdict 3 INCONCLUSIVE only_advisory worse

begin "an attempt is counted once, however often it is judged"
gate "  - { name: g, metric: right, rule: no-worse, margin: 5%, alpha: 4% }"
verdict 0 PASS non_inferior same
first=$(jq .verdict.attempt "$OUT")
verdict 0 PASS non_inferior same
json .verdict.attempt "$((first + 1))"
jq -e '.verdict | .cumulative_false_ship_bound == 1 - pow(0.96; .attempt) or
	(.cumulative_false_ship_bound - (1 - pow(0.96; .attempt)) | fabs) < 1e-12' "$OUT" >/dev/null ||
	fail "another bound" "$OUT"
expect_exit 0 driftlead gate last --json
json .verdict.attempt "$((first + 1))"
contains "$OUT" "third look or later"

begin "the explanation says what was assumed, tested, and what would change it"
expect_exit 0 driftlead gate last --explain
for part in Assumed: Tested: "What would change it:" "This is look"; do
	contains "$OUT" "$part"
done

begin "slices: a loss in one of them is flagged, and decides nothing"
awk '{ sub(/}$/, ",\"part\":\"" (NR <= 200 ? "p1" : NR <= 500 ? "p2" : NR <= 970 ? "p3" : "p4") "\"}")
	print }' cases.jsonl >parted.jsonl
mv parted.jsonl cases.jsonl
gate "  - { name: g, metric: right, rule: no-worse, margin: 10% }"
sed -i 's/^gates:/slices: { by: part, shares: { p1: 20%, p2: 30%, p3: 47%, p4: 3% } }\n&/' suite.yaml
driftlead run suite.yaml -t a -q 2>/dev/null
driftlead baseline set last -q
verdict 0 PASS non_inferior_with_loss worse
json '.verdict.slices | map(.status) | @csv' '"flagged","ok","ok","not assessable"'
jq -e '.verdict.slices[0] | .effect == -0.3 and .shrunk > -0.3 and .shrunk < 0' "$OUT" >/dev/null ||
	fail "not shrunk" "$OUT"
contains "$OUT" "a slice without a gate of its own is flagged as worse"
sed 's/^gates:/&\n  - { name: s, metric: right, slice: p1, rule: no-worse, margin: 10% }/' \
	suite.yaml >critical.yaml
expect_exit 1 driftlead gate last --suite critical.yaml --json
json '[.gates[].verdict] | @csv' '"FAIL","PASS"'
json '.gates[1].slices[0].status' critical

begin "nine clusters are too few for a verdict, and so is one"
cp cases.jsonl sliced.jsonl
for n in 9 1; do
	awk -v n=$n '{ sub(/}$/, ",\"doc\":\"d" (NR % n) "\"}"); print }' sliced.jsonl >cases.jsonl
	suite 'fields: { cluster: doc }'
	driftlead run suite.yaml -t a -q
	driftlead baseline set last -q
	suite 'fields: { cluster: doc }' 'gates:' "  - { name: g, metric: right, rule: no-worse, margin: 5% }"
	verdict 3 INCONCLUSIVE too_few_clusters same
	contains "$OUT" "$n clusters are too few"
done
mv sliced.jsonl cases.jsonl

begin "a case of a slice that has no share is a mistake"
suite 'slices: { by: part, shares: { p1: 50%, p2: 30%, p3: 20% } }'
expect_exit 2 driftlead run suite.yaml -t a
contains "$ERR" "cases.jsonl:971"
contains "$ERR" "p4"

begin "more than three slices with gates of their own are a mistake"
gate "  - { name: g1, metric: right, slice: p1, rule: no-worse, margin: 5% }" \
	"  - { name: g2, metric: right, slice: p2, rule: no-worse, margin: 5% }" \
	"  - { name: g3, metric: right, slice: p3, rule: no-worse, margin: 5% }" \
	"  - { name: g4, metric: right, slice: p4, rule: no-worse, margin: 5% }"
sed -i 's/^gates:/slices: { by: part, shares: { p1: 20%, p2: 30%, p3: 47%, p4: 3% } }\n&/' suite.yaml
expect_exit 2 driftlead run suite.yaml -t a
contains "$ERR" "more than 3 slices"
sed -i 's/p4, rule: no-worse/&, advisory: yes/' suite.yaml
driftlead run suite.yaml -t a >"$OUT" 2>"$ERR" || is $? 3 "the status with an advisory gate"

finish
