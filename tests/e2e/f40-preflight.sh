#!/bin/sh
# The baseline's target is asked again before a candidate: a service that changed voids the gates.
. "${0%/*}/lib.sh"

cases 600
echo 'on "question 1" reply 200 text "no"
on any          reply 200 text "yes"' >play
stub "$PWD/play"
project
cat >>driftlead.yaml <<END
  candidate: { protocol: openai, url: "$STUB_URL", model: other }
END
suite 'preflight: 300' 'gates:' '  - { name: holds, metric: right, rule: no-worse, margin: 5% }'
driftlead run suite.yaml -t stub -q >/dev/null
driftlead baseline set last -q

begin "the same service: 300 cases are asked again, and the candidate is judged"
before=$(stub_count total)
expect_exit 0 driftlead run suite.yaml -t candidate --json
is $(($(stub_count total) - before)) 900 "the requests"
json '.verdict | [.verdict, .psi0, .preflight.n, .preflight.z] | @csv' '"PASS",0,300,0'
same "select filter from v_run order by id desc limit 1 offset 1" sample:300
expect_exit 0 driftlead gate last --json
json .verdict.preflight.n 300

begin "a candidate that goes on is not preceded by another"
driftlead run suite.yaml -t candidate --max-time 0.05s --fresh -q >/dev/null 2>&1
before=$(sqlite3 -readonly "$STORE" "select count(*) from v_run where filter <> ''")
expect_exit 0 driftlead run suite.yaml -t candidate -q
same "select count(*) from v_run where filter <> ''" "$before"

begin "a service that changed voids the gates before the candidate is asked"
stub_stop
echo 'on "question 2" reply 200 text "no"
on "question 1" reply 200 text "no"
on any          reply 200 text "yes"' >play
stub "$PWD/play" --port "$STUB_PORT"
before=$(stub_count total)
expect_exit 3 driftlead run suite.yaml -t candidate --fresh --json
json '.verdict | [.verdict, .reason_code] | @csv' '"INVALID","preflight_shift"'
is $(($(stub_count total) - before)) 300 "the requests"
expect_exit 3 driftlead gate last
contains "$OUT" "answers otherwise than it did"

begin "a baseline's target that is configured otherwise cannot be asked again"
sed -i 's/model: stub-1/model: stub-2/' driftlead.yaml
expect_exit 2 driftlead run suite.yaml -t candidate --fresh
contains "$ERR" "preflight: target 'stub' is no longer configured as it was"

finish
