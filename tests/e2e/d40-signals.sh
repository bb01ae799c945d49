#!/bin/sh
# Ctrl-C and its kin: what was answered stays, the exit status says so, and the same command
# goes on.
. "${0%/*}/lib.sh"

start() {  # OPTION...
	env --default-signal=INT driftlead run suite.yaml -t stub "$@" >"$OUT" 2>"$ERR" &
	RUN_PID=$!
}

end() {  # WANTED
	wait "$RUN_PID"
	is $? "$1" "the status"
}

asked() {  # N: the stub was asked at least that often
	[ "$(stub_count total)" -ge "$1" ]
}

cases 60
suite 'gates:' '  - { name: g, metric: right, rule: at-least, value: 40% }'
echo 'on "question 1" reply 200 text "no" after 40ms
on any          reply 200 text "yes" after 40ms' >play

begin "what an unbroken run says"
stub "$PWD/play"
port=$STUB_PORT
project "    slots: 4"
expect_exit 0 driftlead run suite.yaml -t stub --json
jq -S '.estimates, .verdict.candidate' "$OUT" >unbroken
rows >unbroken.rows
is "$(wc -l <unbroken.rows | tr -d ' ')" 60

for signal in INT:130 TERM:143; do
	begin "SIG${signal%:*}: exit ${signal#*:}, and a command that goes on"
	stub_stop
	stub "$PWD/play" --port "$port"
	start --fresh
	poll asked 12
	kill -"${signal%:*}" "$RUN_PID"
	end "${signal#*:}"
	contains "$ERR" "interrupted; what was answered is stored"
	is "$(tail -n 1 "$ERR")" "  driftlead run suite.yaml -t stub"
	lacks "$OUT" "PASS"
	same "select state from v_run order by id desc limit 1" interrupted
	same "select count(*) between 12 and 59 from v_completion where run = (select max(id) from v_run)" 1
	expect_exit 0 driftlead run suite.yaml -t stub --json
	jq -S '.estimates, .verdict.candidate' "$OUT" >resumed
	cmp -s unbroken resumed || fail "other estimates" unbroken resumed
	rows >resumed.rows
	cmp -s unbroken.rows resumed.rows || fail "other rows" unbroken.rows resumed.rows
	is "$(stub_count total)" 60 "what was asked in both sittings"
	same "select sittings from v_run order by id desc limit 1" 2
done

begin "what takes too long to end is dropped, at once after the second"
stub - <<'END'
on any reply stall
END
project "    slots: 4"
start --fresh
poll asked 4
kill -INT "$RUN_PID"
kill -INT "$RUN_PID"
poll sh -c "! kill -0 $RUN_PID 2>/dev/null || grep -q '^State:.Z' /proc/$RUN_PID/status"
end 130
same "select count(*) from v_completion where run = (select max(id) from v_run)" 0

begin "a retry that waits does not hold it up"
stub - <<'END'
on any reply 429 retry-after 600
END
project "    slots: 4"
start --fresh
poll asked 4
kill -TERM "$RUN_PID"
end 143

finish
