#!/bin/sh
# Answers that are none: cut, endless, huge, slow, or from somebody else.
. "${0%/*}/lib.sh"

play() {
	stub -
	project "    slots: 4" "    retries: 0" "    give_up: 1000" "$@"
}

run() {
	driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR"
	status=$?
	[ $status -eq 3 ] || [ $status -eq 4 ] || fail "exit $status" "$OUT" "$ERR"
	json '.run.outcomes.answered' 0
	same "select count(*) from v_score where run = (select max(id) from v_run) and value > 0" 0
	same "select count(*) from v_completion where run = (select max(id) from v_run) and
		length(text) > 0" 0
}

cases 6
suite 'gates:' '  - { name: g, metric: right, rule: at-least, value: 0.1% }'
body='{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"yes\"},\"finish_reason\":\"stop\"}]}'

begin "a body cut at any place is never scored"
play <<END
on "question 1." reply 200 bytes "$body" cut 1
on "question 2." reply 200 bytes "$body" cut 40
on "question 3." reply 200 bytes "$body" cut 70
on "question 4." reply 200 bytes "$body" cut 94
on "question 5." reply 200 bytes "$body" cut 0
on any           reply 200 bytes "{\"choices\":[{\"message\":{\"content\":\"yes\"}", then close
END
run

begin "nor one that is not JSON, empty, of another shape, or not there"
play <<'END'
on "question 1." reply 200 bytes "yes"
on "question 2." reply 200 bytes ""
on "question 3." reply 200 bytes "{\"choices\":[]}"
on "question 4." reply 200 bytes "{\"error\":{\"message\":\"no\"}}"
on "question 5." reply hangup
on any           reply reset
END
run

begin "a redirect to another server is not followed, the key never sent there"
stub - <<'END'
on any reply 200 text "yes"
END
other=$STUB_PORT other_pid=$STUB_PID
play "    key: \${CANARY}" <<END
on any reply 307 redirect "http://127.0.0.1:$other/v1/chat/completions"
END
CANARY=sk-canary-0123456789abcdef
export CANARY
run
is "$("$B/tests/ask" -p "$other" -P /count -o | jq .total)" 0 "the requests at the other server"
contains "$OUT" '"rejected":6'

begin "a small body that unpacks to a gigabyte stops at the ceiling"
play "    max_body: 4M" <<'END'
on any reply 200 bomb 1024
END
driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR" &
pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do
	kb=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
	[ "${kb:-0}" -gt $peak ] && peak=$kb
	sleep 0.02
done
wait $pid
status=$?
[ $status -eq 3 ] || [ $status -eq 4 ] || fail "exit $status" "$OUT" "$ERR"
json '.run.outcomes.answered' 0
[ "$(nm "$B/driftlead" 2>/dev/null | grep -c "__[at]san_init")" != 0 ] || [ $peak -lt 150000 ] || fail "$peak kB of memory"

begin "a server that never answers"
play "    first_byte_timeout: 300ms" <<'END'
on any reply stall
END
run
json '.run.outcomes.timeout' 6

begin "one that stops in the middle, and one that drips"
play "    first_byte_timeout: 5s" "    idle_timeout: 300ms" <<END
on "question 1." reply 200 bytes "$body" stall
on any           reply 200 bytes "$body" cut 30 stall
END
driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR"
json '.run.outcomes.timeout + .run.outcomes.answered' 6
is "$(jq '.run.outcomes.timeout >= 5' "$OUT")" true "whether five ran out of time"
play "    timeout: 500ms" <<END
on any reply 200 bytes "$body" drip 100ms
END
run
json '.run.outcomes.timeout' 6

begin "an answer cut by the token limit fails, unless the suite says otherwise"
play <<'END'
on any reply 200 text "yes" finish length
END
suite 'gates:' '  - { name: g, metric: right, rule: at-least, value: 50% }'
expect_exit 1 driftlead run suite.yaml -t stub --fresh --json
json '.run.outcomes.truncated' 6
json '.estimates[0].at' 0
suite
sed -i 's/scorer: exact/scorer: exact, truncated: score/' suite.yaml
expect_exit 0 driftlead run suite.yaml -t stub --fresh --json
json '.estimates[0].at' 1

begin "empty answers and broken UTF-8 pass nothing, not even a negative assertion"
play <<'END'
on "question 1." reply 200 text ""
on "question 2." reply 200 text "   "
on "question 3." reply 200 bytes "{\"choices\":[{\"message\":{\"content\":\"fine \xff\xfe\"},\"finish_reason\":\"stop\"}]}"
on "question 4." reply 200 text "" finish length
on any           reply 200 text "fine"
END
cat >suite.yaml <<'END'
suite: smoke
cases: cases.jsonl
metrics:
  - { name: polite, scorer: contains, none: [damn] }
  - { name: shape, scorer: regex, pattern: '^(?!.*damn)' }
END
driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR"
json '.estimates[] | [(.at * 6 | round), .n] | @csv' '2,6
2,6'

begin "a pattern that explodes is stopped, and blamed on the pattern"
play <<'END'
on any reply 200 text "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"
END
cat >suite.yaml <<'END'
suite: smoke
cases: cases.jsonl
metrics:
  - { name: slow, scorer: regex, pattern: '^((a+)+)+$' }
gates:
  - { name: g, metric: slow, rule: at-least, value: 0.1% }
END
expect_exit 3 timeout 20 driftlead run suite.yaml -t stub --fresh --json
contains "$OUT" '"missing":6'
expect_exit 0 driftlead show last c1
contains "$OUT" "too costly"

finish
