#!/bin/sh
# Names of runs: which there can be, and reading them while another process writes.
. "${0%/*}/lib.sh"

driftlead init -q >/dev/null || exit 4
cat >>driftlead.yaml <<'END'
  slow:
    protocol: exec
    command: [sh, -c, "read -r line; sleep 30"]
END

begin "set, list and drop"
expect_exit 0 driftlead run suites/tickets -t nearest -q
expect_exit 0 driftlead baseline set 1 --json
json '[.suite, .name, .run] | join(" ")' "tickets baseline 1"
expect_exit 0 driftlead baseline set last -q --name spring
is "$(cat "$OUT")" ""
expect_exit 0 driftlead baseline list --json
json '[.baselines[].name] | join(" ")' "baseline spring"
expect_exit 0 driftlead baseline drop --suite tickets --name spring --json
json '.run' null
expect_exit 2 driftlead baseline drop --suite tickets --name spring
contains "$ERR" "suite 'tickets' has no baseline named 'spring'"
same "select name from v_baseline" baseline

begin "names that could never be found again are refused"
for name in 7 last last~1 ''; do
	expect_exit 2 driftlead baseline set 1 --name "$name"
	contains "$ERR" "no run can be named '$name'"
done

begin "only a whole run can be one"
expect_exit 3 driftlead run suites/tickets -t nearest -q -f slice:abuse
expect_exit 2 driftlead baseline set last
contains "$ERR" "asked only part of its suite"

begin "names are listed while a run writes, and not changed"
driftlead run suites/tickets -t slow -q >/dev/null 2>&1 &
writer=$!
tries=0
until [ "$(sqlite3 -readonly "$STORE" 'select count(*) from v_run where target = "slow"')" = 1 ]; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || break
	sleep 0.05
done
expect_exit 0 driftlead baseline list
contains "$OUT" "run 1 "
expect_exit 75 driftlead baseline set 1
kill $writer
wait $writer
is $? 143 "the status of the writer"

finish
