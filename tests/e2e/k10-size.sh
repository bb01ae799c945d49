#!/bin/sh
# How many cases a gate needs: against numbers worked out by hand, z(.05) + z(.2) = 2.486475.
. "${0%/*}/lib.sh"

# answers FILE N LIST: recorded answers to c1 .. cN, wrong where the list (" 3 7 ") says so.
answers() {
	awk -v n="$2" -v wrong="$3" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "{\"id\":\"c%d\",\"answer\":\"%s\",\"in\":100,\"out\":10,\"took\":0.5}\n", i,
				index(wrong, " " i " ") ? "no" : "yes"
	}' >"$1"
}

# gate NAME FILTER VALUE: of that gate in $OUT.
gate() {
	json ".gates[] | select(.name == \"$1\") | $2" "$3"
}

cases 100
suite
cat >driftlead.yaml <<'END'
targets:
  one: { protocol: replay, answers: one.jsonl, latency: took, tokens_in: in, tokens_out: out,
    slots: 4, prices: { in: 10, out: 100 } }
  two: { protocol: replay, answers: two.jsonl, latency: took, slots: 1 }
  three: { protocol: replay, answers: two.jsonl, latency: took }
END

begin "without a run: .16, and the numbers of the tables"
for row in "1% 80% 9893 268" "2% 80% 2474 133" "3% 80% 1100 88" "5% 80% 396 52" "2% 90% 3426 133"; do
	set -- $row
	expect_exit 0 driftlead size suite.yaml --margin "$1" --power "$2" --json
	gate "no worse" '[.cases_plain, .cases, .clean_pairs] | @csv' "$3,$3,$4"
	json '[.discordance.psi, .discordance.psi_from, .discordance.runs] | @csv' '0.16,"default",0'
done
expect_exit 0 driftlead size suite.yaml --margin 2%
contains "$OUT" "discordance 16.0 %, assumed"
contains "$OUT" "  no worse                        2474     100     133    unknown    unknown"

begin "nothing is written"
[ ! -e .driftlead ] || fail "there is a store"
is "$(find "$TMPDIR" -mindepth 1 | head -n 1)" ""

begin "psi, a true drop and alpha are taken"
expect_exit 0 driftlead size suite.yaml --margin 2% --psi 5% --json
gate "no worse" .cases 773
json .discordance.psi_from given
expect_exit 0 driftlead size suite.yaml --margin 2% --drop 1% --json
gate "no worse" .cases 9886
expect_exit 0 driftlead size suite.yaml --margin 2% --alpha 2.5% --json
gate "no worse" .cases 3140
# So rare that two runs differ: what decides is how many pairs without a flip pass.
expect_exit 0 driftlead size suite.yaml --margin 2% --psi 0.1% --json
gate "no worse" .cases 133

begin "every mistake is one sentence, and all come at once"
expect_exit 2 driftlead size suite.yaml
contains "$ERR" "suite 'smoke' has no gate: give a margin, for example --margin 2%"
expect_exit 2 driftlead size suite.yaml --margin 0% --power 10% --alpha 50% --psi 0 --from-runs \
	-m rihgt -t four
is "$(wc -l <"$ERR" | tr -d ' ')" 7 "the number of sentences"
contains "$ERR" "--margin must be above 0"
contains "$ERR" "no metric 'rihgt' (did you mean 'right'?)"
contains "$ERR" "no target is named 'four'"
expect_exit 2 driftlead size suite.yaml --margin 2% --drop 2%
contains "$ERR" "--drop 2 % is not below the margin of 2 %"
expect_exit 2 driftlead size suite.yaml --margin 2% --from-runs
contains "$ERR" "no two complete runs of suite 'smoke' can be compared by metric 'right'"
expect_exit 2 driftlead size nowhere.yaml --margin 2%
contains "$ERR" "nowhere.yaml"

begin "of two releases: 5 regressions and 3 fixes in 100 are a discordance of .08"
answers one.jsonl 100 " 1 2 3 4 5 6 7 8 9 10 "
answers two.jsonl 100 " 4 5 6 7 8 9 10 11 12 13 14 15 "
expect_exit 0 driftlead run suite.yaml -t one -q
expect_exit 0 driftlead run suite.yaml -t two -q
expect_exit 0 driftlead size suite.yaml --margin 4% --from-runs --json
json '.discordance | [.psi, .psi_from, .pairs, .runs, .reruns] | @csv' '0.08,"runs",100,1,false'
gate "no worse" .cases 310

begin "the price of the newest run's target, or of the one named"
json '.price | [.target, .runs, .cost_per_call, .seconds_per_call, .slots] | @csv' \
	'"two",1,,0.5,1'
gate "no worse" '[.cost, .seconds] | @csv' ,155
expect_exit 0 driftlead size suite.yaml --margin 4% -t one --json
gate "no worse" '[.cost, .seconds] | @csv' 0.62,38.75
json '.price | [.cost, .seconds] | @csv' 0.2,12.5
expect_exit 0 driftlead size suite.yaml --margin 4% -t one
contains "$OUT" "  no worse                         310     100      65      \$0.62     38.8 s"
expect_exit 0 driftlead size suite.yaml --margin 4% -t three
contains "$OUT" "unknown    unknown"

begin "the smallest loss that 100 cases find, by Connor's formula"
# (1.644854 sqrt(.08) + .841621 sqrt(.08 - d^2))^2 / d^2 = 100
json_mde=$(driftlead size suite.yaml --margin 4% --json | jq '.detect[0].mde * 10000 | round')
is "$json_mde" 696

begin "re-runs of one target are a floor, and none that differ is not never"
rm -rf .driftlead
expect_exit 0 driftlead run suite.yaml -t one -q
expect_exit 0 driftlead run suite.yaml -t one -q --fresh
expect_exit 0 driftlead size suite.yaml --margin 4% --json
json '.discordance | [(.psi * 202 | round), .reruns] | @csv' 1,true
gate "no worse" .cases 65
expect_exit 0 driftlead size suite.yaml --margin 4%
contains "$OUT" "only re-runs of one target"

begin "runs that measure something else are no pair"
sed 's/exact/contains/' suite.yaml >other.yaml
expect_exit 0 driftlead run other.yaml -t two -q
expect_exit 2 driftlead size other.yaml --margin 4% --from-runs
expect_exit 0 driftlead size suite.yaml --margin 4% --json
json .discordance.reruns true

begin "bounds: what the newest run shows, and no failure in 299"
rm -rf .driftlead
answers one.jsonl 100 " 1 2 3 4 5 6 7 8 9 10 "
suite 'gates:' '  - { name: floor, metric: right, rule: at-least, value: 80% }' \
	'  - { name: guard, metric: right, rule: at-least, value: 99% }'
expect_exit 0 driftlead size suite.yaml --json
gate floor '[.cases, .zero_failures, .why] | @csv' ',14,"no run says where the metric stands"'
gate guard .zero_failures 299
driftlead run suite.yaml -t one -q >/dev/null
expect_exit 0 driftlead size suite.yaml --json
# ((1.644854 * .4 + .841621 * .3) / .1)^2 = 82.8
gate floor '[.cases, .margin] | @csv' 83,
gate guard '[.cases, .why] | @csv' ',"the newest run is not on the right side of the bound"'
json .plan null

begin "the other rules"
awk 'BEGIN { for (i = 1; i <= 100; i++)
	printf "{\"id\":\"c%d\",\"answer\":\"yes\",\"took\":%s}\n", i, (i > 98 ? "5" : "0.5") }' >one.jsonl
suite '  - { name: slow, scorer: latency }' 'gates:' \
	'  - { name: same, metric: right, rule: equivalent, margin: 2% }' \
	'  - { name: gain, metric: right, rule: better, margin: 0% }' \
	'  - { name: safe, metric: right, rule: guardrail, value: 1% }' \
	'  - { name: fast, metric: slow, rule: latency, value: 1s }' \
	'  - { name: cheap, metric: slow, rule: cost, value: 600ms }'
expect_exit 0 driftlead size suite.yaml --json
# (1.644854 + 1.281552)^2 .16 / .02^2
gate same '[.cases, .clean_pairs] | @csv' 3426,133
gate gain '[.cases, .margin] | @csv' ,0
gate safe '[.cases, .zero_failures] | @csv' ,299
gate fast '[.cases, .zero_failures] | @csv' ,59
driftlead run suite.yaml -t one -q >/dev/null
expect_exit 0 driftlead size suite.yaml --json
# ((1.644854 sqrt(.95 .05) + .841621 sqrt(.98 .02)) / .03)^2 = 252.1
gate fast .cases 253
# No failure so far; one in a hundred against 4 % takes as many cases as allow three.
gate safe .cases 299
sed -i 's/value: 1%/value: 4%/' suite.yaml
sed -i '1s/yes/no/' one.jsonl
driftlead run suite.yaml -t one -q >/dev/null
expect_exit 0 driftlead size suite.yaml --json
gate safe '[.cases, .zero_failures] | @csv' 192,74
# Each fifth of a second above .59 s: sd .6396, gap .01
gate cheap '.cases > 20000' true
expect_exit 0 driftlead size suite.yaml
contains "$OUT" "    better by 0 pt"
sed -i '/same/d; /gain/d' suite.yaml
expect_exit 0 driftlead size suite.yaml -m slow --json
json '[.gates[].name] | join(" ")' "fast cheap"
rm -rf .driftlead

begin "gates have margins of their own, and a slice one of its own"
awk 'BEGIN { for (i = 1; i <= 400; i++)
	printf "{\"id\":\"c%d\",\"input\":\"q %d\",\"expect\":\"yes\",\"kind\":\"%s\"}\n", i, i,
		i % 50 ? "often" : "seldom" }' >cases.jsonl
suite 'fields: { input: input, expect: expect }' \
	'slices: { by: kind, shares: { often: 98%, seldom: 2% } }' \
	'gates:' '  - { name: all, metric: right, rule: no-worse, margin: 10%, power: 90% }' \
	'  - { name: few, metric: right, rule: no-worse, margin: 20%, slice: seldom }'
expect_exit 0 driftlead size suite.yaml --json
gate few '[.slice, .margin, .cases, .have] | @csv' '"seldom",0.2,25,8'
gate all '[.margin, .power] | @csv' 0.1,0.9

begin "a plan: at least 30 of each slice, the rest to where the traffic is"
# .98^2 .16 / n1 + .02^2 .16 / 30 <= .16 / 98.92 needs n1 = 96
sed -i 's/, power: 90%//' suite.yaml
expect_exit 0 driftlead size suite.yaml --json
json '.plan | [.margin, .cases, .slices[].cases, .slices[].found] | @csv' 0.1,126,96,30,392,8
expect_exit 0 driftlead size suite.yaml
contains "$OUT" "the case file lacks 22 of them"
# Holm: alpha / 2 for two slices.
driftlead size suite.yaml --alpha 2.5% --json | jq '.detect[1].mde' >half
expect_exit 0 driftlead size suite.yaml --json
json '.detect[1].mde_holm' "$(cat half)"
json '.detect[0].mde_holm' null

begin "nothing that a gate needs is assumed with --from-runs"
answers one.jsonl 400 " "
expect_exit 2 driftlead size suite.yaml --from-runs
is "$(wc -l <"$ERR" | tr -d ' ')" 2 "the number of sentences"
contains "$ERR" "by metric 'right' in slice 'seldom'"

begin "clusters of 5: 1 + 4 icc"
awk 'BEGIN { for (i = 1; i <= 100; i++)
	printf "{\"id\":\"c%d\",\"input\":\"q %d\",\"expect\":\"yes\",\"doc\":\"d%d\"}\n", i, i,
		(i - 1) / 5 }' >cases.jsonl
suite 'fields: { cluster: doc }'
expect_exit 0 driftlead size suite.yaml --margin 2% --json
json '.design | [.deff, .icc, .icc_from] | @csv' '1.4,0.1,"default"'
gate "no worse" '[.cases_plain, .cases] | @csv' 2474,3464
# Two whole clusters regress: inside a cluster all differences are the same.
rm -rf .driftlead
answers one.jsonl 100 " "
answers two.jsonl 100 " 1 2 3 4 5 6 7 8 9 10 "
expect_exit 0 driftlead run suite.yaml -t one -q
expect_exit 0 driftlead run suite.yaml -t two -q
expect_exit 0 driftlead size suite.yaml --margin 5% --json
json '.design | [(.deff * 1000 | round), (.icc * 1000 | round), .icc_from] | @csv' '5000,1000,"runs"'
# 2.486475^2 / .05^2 * .1 = 247.3
gate "no worse" '[.cases_plain, .cases] | @csv' 248,1240

begin "weights of 1 and 3: Kish 1.25"
awk 'BEGIN { for (i = 1; i <= 100; i++)
	printf "{\"id\":\"c%d\",\"input\":\"q %d\",\"expect\":\"yes\",\"w\":%d}\n", i, i,
		i % 2 ? 1 : 3 }' >cases.jsonl
suite 'fields: { weight: w }' 'repeats: 3'
sed -i 's/smoke/weighted/' suite.yaml
expect_exit 0 driftlead size suite.yaml --margin 2% --json
json '[.design.kish, .detect[0].effective, .repeats] | @csv' 1.25,80,3
gate "no worse" .cases 3093

begin "what is no rate needs two runs"
cases 100
suite '  - { name: slow, scorer: latency }' 'gates:' \
	'  - { name: quick, metric: slow, rule: no-worse, margin: 10% }'
expect_exit 0 driftlead size suite.yaml --psi 5% --json
gate quick '[.cases, .margin, .why] | @csv' ',,"the margin is relative, and no run says to what"'
expect_exit 0 driftlead size suite.yaml
contains "$OUT" "    no-worse by a relative margin, alpha 5 %, power 80 %:"
contains "$OUT" "how much cases differ between runs is unknown: no two runs to compare"
rm -rf .driftlead
answers one.jsonl 100 " "
sed 's/0.5}/1.5}/;n' one.jsonl | awk 'NR % 2 { sub(/1.5}/, "2.5}") } 1' >two.jsonl
driftlead run suite.yaml -t one -q >/dev/null
driftlead run suite.yaml -t two -q >/dev/null
expect_exit 0 driftlead size suite.yaml --json
is "$(jq '.gates[0].cases >= 30 and .gates[0].sd > 0 and .gates[0].psi == null' "$OUT")" true

finish
