#!/bin/sh
# How often drift alarms where nothing changed, and whether it does where something did: the small
# version of what `make simulate` counts.
. "${0%/*}/lib.sh"

# Under sanitizers the program is the same and ten times slower.
few="numbers zipf categories columns half-day down"
case $B in *asan | *tsan | *cov) few="zipf columns" ;; esac

begin "false alarms are as rare as they are said to be, and a shift is found"
# shellcheck disable=SC2086
"$B/tests/nights" "$B/driftlead" --quick $few >"$OUT" || fail "a claim is broken" "$OUT"
is "$(wc -l <"$OUT" | tr -d ' ')" "$(echo "$few" | wc -w | tr -d ' ')"

finish
