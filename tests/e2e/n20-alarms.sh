#!/bin/sh
# How often drift alarms where nothing changed, and whether it does where something did: the small
# version of what `make simulate` counts.
. "${0%/*}/lib.sh"

begin "false alarms are as rare as they are said to be, and a shift is found"
"$B/tests/nights" "$B/driftlead" --quick >"$OUT" || fail "a claim is broken" "$OUT"
is "$(grep -c 'at most\|at least' "$OUT")" 6

finish
