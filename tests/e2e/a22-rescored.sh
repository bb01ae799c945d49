#!/bin/sh
# A run that was scored by another suite is judged by its metrics' names, never by their places.
. "${0%/*}/lib.sh"

driftlead init -q >/dev/null || exit 4
suite=suites/tickets/suite.yaml

# only METRIC...: the suite with these metrics, and no gates.
only() {
	sed '/^metrics:/,$d' $suite
	echo "metrics:"
	for metric; do
		echo "  - { $metric }"
	done
}
label="name: label, scorer: choice, among: [shipping, refund, account, abuse]"
latency="name: latency, scorer: latency"

begin "gates as they were asked"
expect_exit 0 driftlead run suites/tickets -t nearest -q
expect_exit 0 driftlead gate 1
cp "$OUT" before

begin "metrics in another order change no verdict"
only "$latency" "$label" >suites/tickets/turned.yaml
expect_exit 0 driftlead score 1 --suite suites/tickets/turned.yaml -q
expect_exit 0 driftlead gate 1
cmp -s before "$OUT" || fail "another verdict" before "$OUT"
expect_exit 0 driftlead compare 1 1 --json
is "$(jq -r '.metrics[].rows[0].metric' "$OUT" | tr '\n' ' ')" "latency label "

begin "a gate whose metric is gone is a mistake, not a verdict"
only "$latency" >suites/tickets/less.yaml
expect_exit 0 driftlead score 1 --suite suites/tickets/less.yaml -q
expect_exit 2 driftlead gate 1
contains "$ERR" "gate 'label is useful': run 1 was last scored without metric 'label'"
expect_exit 0 driftlead compare 1 1 --json
is "$(jq -r '.metrics[].rows[0].metric' "$OUT" | tr '\n' ' ')" "latency "

begin "so is one whose metric is of another scale"
only "name: label, scorer: length, of: words" "$latency" >suites/tickets/other.yaml
expect_exit 0 driftlead score 1 --suite suites/tickets/other.yaml -q
expect_exit 2 driftlead gate 1
contains "$ERR" "of another scale"
expect_exit 2 driftlead gate 1 --suite $suite
contains "$ERR" "of another scale"

begin "scoring as asked brings the verdict back"
expect_exit 0 driftlead score 1 -q
expect_exit 0 driftlead gate 1
cmp -s before "$OUT" || fail "another verdict" before "$OUT"

begin "compare --rescore tells a changed ruler from a changed model"
expect_exit 0 driftlead run suites/tickets -t nearest-one -q
only "name: label, scorer: choice, among: [shipping, refund, account]" "$latency" >suites/tickets/blind.yaml
expect_exit 0 driftlead score 1 --suite suites/tickets/blind.yaml -q
expect_exit 2 driftlead compare 1 2
contains "$ERR" "--rescore scores both by one suite first"
expect_exit 0 driftlead compare 1 2 --rescore
contains "$OUT" "the ruler, run 2  label  85.1 % -> 85.1 %, unchanged"
contains "$OUT" "the ruler, run 1  label  "
lacks "$OUT" "the ruler, run 1  label  86.0 % -> 86.0 %"
expect_exit 0 driftlead compare 1 2 --rescore --suite suites/tickets/blind.yaml --json
json '.rescored | map([.run, .metric, .after < .before] | tostring) | .[0]' '[1,"label",true]'
expect_exit 0 driftlead compare 1 2 --rescore -q
expect_exit 2 driftlead compare 1 2 --suite suites/tickets/blind.yaml
contains "$ERR" "--suite goes with --rescore"
mv $suite gone.yaml
expect_exit 2 driftlead compare 1 2 --rescore
contains "$ERR" "give today's suite with --suite FILE"
mv gone.yaml $suite
expect_exit 0 driftlead gate 1 -q

finish
