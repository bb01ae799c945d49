#!/bin/sh
# The run loop against a service that has bad days: every request is counted, none is wasted.
. "${0%/*}/lib.sh"

calls() {
	sqlite3 -readonly "$STORE" "select sum(attempts) from v_completion where run = (select max(id) from v_run)"
}

# asked N: the stub was asked as often as the store says, N times.
asked() {
	is "$(calls)" "$1" "the attempts in the store"
	is "$(stub_count total)" "$1" "the requests at the stub"
}

play() {
	stub -
	project "    slots: 4" "$@"
}

cases 10
suite

begin "every status that may pass is asked again, once more each"
for status in 429 500 502 503 529 408 409; do
	play <<END
on "question 7." reply $status retry-after 0, then 200 text "yes"
on any           reply 200 text "yes"
END
	expect_exit 0 driftlead run suite.yaml -t stub --fresh --json
	json '.estimates[0].at' 1
	json '.run.calls' 11
	asked 11
done

begin "without retry-after too, after a pause of our own"
play <<'END'
on "question 7." reply 429, then 503, then 200 text "yes"
on any           reply 200 text "yes"
END
expect_exit 0 driftlead run suite.yaml -t stub --fresh --json
asked 12
same "select ms_backoff > 500 and ms_total < 500 from v_completion where case_id = 'c7' and
	run = (select max(id) from v_run)" 1

begin "latency is that of the last attempt, without waits and queues"
play "    slots: 1" <<'END'
on "question 1." reply 500 after 300ms retry-after-ms 400, then 200 text "yes"
on any           reply 200 text "yes" after 50ms
END
sed -i '/slots: 4/d' driftlead.yaml
suite '  - { name: took, scorer: latency }'
expect_exit 0 driftlead run suite.yaml -t stub --fresh -q
same "select count(*) from v_completion where run = (select max(id) from v_run) and ms_total > 250" 0
same "select ms_backoff >= 400 from v_completion where case_id = 'c1' and
	run = (select max(id) from v_run)" 1
same "select count(*) from v_score where run = (select max(id) from v_run) and metric_name = 'took'
	and (value is null or value > 0.25)" 0
suite

begin "statuses that cannot come right are asked once"
for status in 400 404 422; do
	play <<END
on "question 7." reply $status error "bad" "no"
on any           reply 200 text "yes"
END
	driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR"
	asked 10
	json '.run.outcomes.rejected' 1
	json '.estimates[0] | [.at, .n] | @csv' 0.9,10
done

begin "retries are spent, and then the case has no answer"
play "    retries: 2" <<'END'
on "question 7." reply 503 retry-after 0
on any           reply 200 text "yes"
END
driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR"
asked 12
json '.run.outcomes.unavailable' 1

begin "an empty purse ends it: at most what was in flight, exit 4, resumable"
cases 100
play <<'END'
on any reply 429 error "insufficient_quota" "You exceeded your current quota" after 20ms
END
expect_exit 4 driftlead run suite.yaml -t stub --fresh
contains "$ERR" "refuses every request"
is "$(tail -n 1 "$ERR")" "  driftlead run suite.yaml -t stub"
[ "$(stub_count total)" -le 8 ] || fail "$(stub_count total) requests after the first refusal"
play "    slots: 1" <<'END'
on any reply 429 error "insufficient_quota" "You exceeded your current quota"
END
sed -i '/slots: 4/d' driftlead.yaml
expect_exit 4 driftlead run suite.yaml -t stub --fresh
is "$(stub_count total)" 1
play <<'END'
on any reply 401 error "invalid_api_key" "who are you"
END
expect_exit 4 driftlead run suite.yaml -t stub --fresh
[ "$(stub_count total)" -le 8 ] || fail "$(stub_count total) requests with a wrong key"

begin "the same command goes on when there is money again"
play <<'END'
on any reply 200 text "yes"
END
expect_exit 0 driftlead run suite.yaml -t stub --fresh --json
is "$(stub_count total)" 100
stub - <<'END'
on "question 5" reply 403 error "billing_error" "no"
on any          reply 200 text "yes"
END
fixed=$STUB_PORT
project "    slots: 1"
expect_exit 4 driftlead run suite.yaml -t stub --fresh
same "select count(*) from v_completion where run = (select max(id) from v_run) and measured" 4
stub_stop
echo 'on any reply 200 text "yes"' >yes.play
stub "$PWD/yes.play" --port "$fixed"
expect_exit 0 driftlead run suite.yaml -t stub --json
json '.estimates[0] | [.at, .n] | @csv' 1,100
is "$(stub_count total)" 96

begin "a dead endpoint is exit 4, and resumable"
stub_stop
cases 60
project "    retries: 0" "    give_up: 5" "    slots: 2"
expect_exit 4 driftlead run suite.yaml -t stub --fresh
contains "$ERR" "stopped asking"
same "select state from v_run order by id desc limit 1" dead
stub "$PWD/yes.play" --port "$fixed"
expect_exit 0 driftlead run suite.yaml -t stub --json
json '.estimates[0] | [.at, .n] | @csv' 1,60
is "$(stub_count total)" 60
json '.run.state' complete

begin "so it is for a suite smaller than give_up"
stub_stop
cases 3
project "    retries: 0"
expect_exit 4 driftlead run suite.yaml -t stub --fresh
contains "$ERR" "failed 3 cases in a row"
stub "$PWD/yes.play" --port "$fixed"
expect_exit 0 driftlead run suite.yaml -t stub --json
json '.estimates[0] | [.at, .n] | @csv' 1,3

begin "pacing: 600 a minute are not sent faster"
cases 12
play "    per_minute: 600" <<'END'
on any reply 200 text "yes"
END
expect_exit 0 driftlead run suite.yaml -t stub --fresh --json
is "$(jq '.run.seconds >= 0.9' "$OUT")" true "whether 12 took 11 tenths of a second"

begin "what the service did not answer is asked again, in the same run"
cases 10
suite
play <<'END'
on "question 3." reply 500, then 200 text "yes"
on any           reply 200 text "yes"
END
project "    slots: 2" "    retries: 0"
driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR"
json '[.run.outcomes.answered, .run.outcomes.unavailable] | @csv' 9,1
id=$(jq .run.id "$OUT")
driftlead run suite.yaml -t stub --retry --json >"$OUT" 2>"$ERR"
json '[.run.id, .run.outcomes.answered, .run.answers] | @csv' "$id,10,10"
is "$(stub_count total)" 11
expect_exit 2 driftlead run suite.yaml -t stub --retry --fresh
contains "$ERR" "give one of them"

begin "a low limit on open files means fewer slots, not lost cases"
cases 200
suite
stub - <<'END'
on any reply 200 text "yes"
END
project "    slots: 64"
(ulimit -n 24 && driftlead run suite.yaml -t stub --fresh --json) >"$OUT" 2>"$ERR"
json '[.run.outcomes.answered, .run.calls] | @csv' 200,200
contains "$ERR" "of 64 slots"

finish
