#!/bin/sh
# Ten thousand cases at 64 slots through bad weather: every case gets its answer, every request
# is counted.
. "${0%/*}/lib.sh"

cases 10000
suite 'gates:' '  - { name: g, metric: right, rule: at-least, value: 99.9% }'
stub - <<'END'
on any chance 5%  reply 429 retry-after 0, then 200 text "yes"
on any chance 2%  reply 500, then 200 text "yes"
on any chance 1%  reply 200 text "yes" cut 60, then 200 text "yes"
on any chance 1%  reply stall, then 200 text "yes"
on any            reply 200 text "yes" after 1..10ms
END
project "    slots: 64" "    first_byte_timeout: 400ms"

begin "10,000 cases: all answered, all right"
expect_exit 0 driftlead run suite.yaml -t stub --json -q
json '.run.outcomes.answered' 10000
json '.estimates[0] | [.at, .n] | @csv' 1,10000
json '.verdict.verdict' PASS

begin "requests at the stub are those in the store, first answers and second"
same "select sum(attempts) from v_completion" "$(stub_count total)"
for rule in 0 1 2 3; do
	[ "$(stub_count "rules[$rule].count")" -gt 50 ] || fail "rule $rule was hardly met"
done
twice=$(stub_count 'rules[0].count + (.rules[1].count) + .rules[2].count + .rules[3].count')
is "$(sqlite3 -readonly "$STORE" 'select 2 * sum(attempts > 1) from v_completion')" "$twice" "what was asked twice"
is "$(sqlite3 -readonly "$STORE" 'select max(attempts) from v_completion')" 2

begin "a store of that size is whole"
is "$(sqlite3 -readonly "$STORE" 'pragma integrity_check')" ok

finish
