#!/bin/sh
# Budgets, dry runs and fresh runs.
. "${0%/*}/lib.sh"

echo 'on any reply 200 text "yes" usage 100 10 after 5ms' >yes.play
stub "$PWD/yes.play"
cases 100
suite 'gates:' '  - { name: g, metric: right, rule: at-least, value: 50% }'
project "    slots: 2" "    prices: { in: 10, out: 100 }"

begin "a dry run sends nothing and writes no store"
expect_exit 0 driftlead run suite.yaml -t stub --dry-run
contains "$OUT" "100 cases, 100 calls"
contains "$OUT" "question 1."
is "$(stub_count total)" 0
[ ! -e .driftlead ] || fail "there is a store"
is "$(find "$TMPDIR" -mindepth 1 | head -n 1)" ""

begin "max-tokens stops before it is more, exit 3, and a larger one goes on"
expect_exit 3 driftlead run suite.yaml -t stub --max-tokens 1100 --json
spent=$(stub_count total)
[ "$spent" -ge 8 ] && [ "$spent" -le 11 ] || fail "$spent calls of 110 tokens for 1100"
json '.verdict.reason_code' incomplete
contains "$ERR" "max-tokens"
expect_exit 3 driftlead run suite.yaml -t stub --max-tokens 1100
is "$(stub_count total)" "$spent" "requests although nothing was left"
expect_exit 0 driftlead run suite.yaml -t stub --max-tokens 20000 --json
is "$(stub_count total)" 100
json '.run.answers' 100
json '.estimates[0].at' 1

begin "max-cost likewise: 0.002 USD a call"
expect_exit 3 driftlead run suite.yaml -t stub --fresh --max-cost 0.02 --json
is "$(jq '.run.cost <= 0.0201 and .run.cost >= 0.016' "$OUT")" true "whether it cost about 0.02"

begin "max-time likewise"
echo 'on any reply 200 text "yes" after 200ms' >slow.play
stub "$PWD/slow.play"
project "    slots: 2"
expect_exit 3 driftlead run suite.yaml -t stub --fresh --max-time 500ms --json
is "$(jq '.run.answers >= 2 and .run.answers < 50' "$OUT")" true "whether it stopped in time"
contains "$ERR" "max-time"

begin "--fresh is another run, without it a finished run is not asked again"
stub "$PWD/yes.play"
project
expect_exit 0 driftlead run suite.yaml -t stub --fresh --json
first=$(jq .run.id "$OUT")
expect_exit 0 driftlead run suite.yaml -t stub --fresh --json
[ "$(jq .run.id "$OUT")" -gt "$first" ] || fail "the same run"
is "$(stub_count total)" 200

finish
