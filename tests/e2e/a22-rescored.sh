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

finish
