#!/bin/sh
# demo.sh -- the main job from end to end, on what comes with the program: no key, no network.
#
# A first release answers the ticket suite and becomes the baseline; a second one is judged
# against it and reported.  Store and page stay in a scratch folder whose path is printed.

set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
B=${B:-build}
case $B in /*) ;; *) B=$root/$B ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/driftlead-demo.XXXXXX")
PATH=$B:$PATH
export PATH

say() {
	printf '\n$ %s\n' "$*"
	"$@"
}

cd "$work"
say driftlead init -q .
cp "$root/suites/tickets/release.yaml" suites/tickets/
say driftlead run suites/tickets -t nearest-one
say driftlead baseline set last
status=0
say driftlead run suites/tickets/release.yaml -t nearest --slices || status=$?
say driftlead compare last last~1 --flips 2
say driftlead report last -o report.html
printf '\nreport: %s\nverdict: exit status %s (0 pass, 1 fail, 3 could not tell)\n' "$work/report.html" "$status"
exit "$status"
