#!/bin/sh
# Targets on this machine: engines that read lines, servers of our own, answers recorded before.
. "${0%/*}/lib.sh"

gone() {  # PID: it is no more
	! kill -0 "$1" 2>/dev/null || [ "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)" = Z ]
}

cases 6
suite

begin "an engine answers line by line"
cat >engine.sh <<'END'
#!/bin/sh
while read -r line; do
	case $line in
	*"question 2."*) echo '{"text": "no"}' ;;
	*"question 3."*) echo '{"error": "cannot"}' ;;
	*"question 4."*) echo 'not json' ;;
	*"question 5."*) echo '{"text": "yes", "finish": "length"}' ;;
	*) echo '{"text": "yes", "tokens_in": 4, "tokens_out": 2}' ;;
	esac
done
END
chmod +x engine.sh
cat >driftlead.yaml <<'END'
targets:
  engine:
    protocol: exec
    command: [./engine.sh]
    slots: 2
    retries: 0
END
driftlead run suite.yaml -t engine --json >"$OUT" 2>"$ERR"
json '.run.outcomes | [.answered, .truncated, .rejected, .garbage] | @csv' 3,1,1,1
json '.estimates[0] | [(.at * 6 | round), .n] | @csv' 2,6

begin "an engine is not run by a shell, and sees only what it was given"
cat >env.sh <<'END'
#!/bin/sh
env >"$SEEN"
while read -r line; do echo '{"text": "yes"}'; done
END
chmod +x env.sh
cat >driftlead.yaml <<END
targets:
  engine:
    protocol: exec
    command: [./env.sh, "; touch shell-was-here"]
    env: [PASSED, "SEEN=$PWD/seen"]
    slots: 1
END
expect_exit 0 env PASSED=p1 HIDDEN=sk-canary driftlead run suite.yaml -t engine -q
contains seen "PASSED=p1"
lacks seen sk-canary
[ ! -e "shell-was-here" ] || fail "a shell ran"

begin "an answer to another request is refused, and its worker replaced"
cat >late.sh <<'END'
#!/bin/sh
[ -e started ] && late= || late=1
touch started
while read -r line; do
	id=${line#*\"id\":\"}
	id=${id%%\"*}
	echo "{\"id\":\"${late:+another-}$id\",\"text\":\"yes\"}"
done
END
chmod +x late.sh
rm -f started
cat >driftlead.yaml <<'END'
targets:
  engine:
    protocol: exec
    command: [./late.sh]
    slots: 1
    retries: 2
END
driftlead run suite.yaml -t engine --json --fresh >"$OUT" 2>"$ERR"
json '[.run.outcomes.answered, .run.calls] | @csv' 6,7

begin "a hanging engine is killed with its children"
cat >hang.sh <<'END'
#!/bin/sh
trap '' TERM
sleep 600 &
echo $! >>pids
echo $$ >>workers
while :; do sleep 600 & echo $! >>pids; wait; done
END
chmod +x hang.sh
cat >driftlead.yaml <<'END'
targets:
  engine:
    protocol: exec
    command: [./hang.sh]
    slots: 2
    retries: 0
    give_up: 2
    timeout: 300ms
    stop_grace: 100ms
END
driftlead run suite.yaml -t engine -q >"$OUT" 2>"$ERR"
status=$?
[ $status -eq 3 ] || [ $status -eq 4 ] || fail "exit $status" "$OUT" "$ERR"
[ -s pids ] || fail "the engine never ran" "$ERR"
for pid in $(cat workers pids); do
	poll gone "$pid"
done

begin "nor does it outlive a driftlead that is killed"
rm -f workers pids
sed -i 's/timeout: 300ms/timeout: 60s/' driftlead.yaml
driftlead run suite.yaml -t engine -q --fresh >"$OUT" 2>"$ERR" &
pid=$!
poll test -s workers
kill -9 $pid
wait $pid 2>/dev/null
for pid in $(cat workers); do
	poll gone "$pid"
done
for pid in $(cat pids); do  # an engine's own children are nobody's then
	kill "$pid" 2>/dev/null
done

begin "an engine that does not exist, or ends at once"
cat >driftlead.yaml <<'END'
targets:
  none: { protocol: exec, command: [no-such-engine-anywhere], slots: 1, retries: 0 }
  ends: { protocol: exec, command: ["true"], slots: 1, retries: 0, give_up: 3 }
END
driftlead run suite.yaml -t none -q >"$OUT" 2>"$ERR"
status=$?
[ $status -eq 2 ] || [ $status -eq 4 ] || fail "exit $status" "$OUT" "$ERR"
contains "$ERR" no-such-engine-anywhere
expect_exit 4 driftlead run suite.yaml -t ends -q
contains "$ERR" "stopped asking"

begin "a server of our own is started, recorded and stopped"
echo 'on any reply 200 text "yes"' >yes.play
echo weights >weights.bin
server() {  # LINE...: of serve
	cat >driftlead.yaml <<END
targets:
  own:
    protocol: openai
    url: http://127.0.0.1:{port}/v1
    model: m
    serve:
      command: [$B/tests/stub, yes.play, --port, "{port}", --count-file, served]
      weights: weights.bin
END
	for line; do
		echo "      $line"
	done >>driftlead.yaml
}
server
expect_exit 0 driftlead run suite.yaml -t own --json
json '.estimates[0].at' 1
contains "$OUT" "$(sha256sum weights.bin | cut -d' ' -f1)"
is "$(jq -r '.rules[0].count' served)" 6

begin "it is stopped after Ctrl-C too, and after kill -9"
echo 'on any reply 200 text "yes" after 10s' >yes.play
for signal in INT KILL; do
	rm -f port
	server
	sed -i "s|--count-file, served|--port-file, $PWD/port|" driftlead.yaml
	env --default-signal=INT driftlead run suite.yaml -t own -q --fresh >"$OUT" 2>"$ERR" &
	pid=$!
	poll test -s port
	port=$(cat port)
	poll sh -c "'$B/tests/ask' -p $port -P /count -o | grep -q '\"waiting\": *[1-9]\|\"total\": *[1-9]'"
	server_pid=$(ps -eo pid,args | awk -v p="$port" '$0 ~ "tests/stub yes.play --port " p { print $1; exit }')
	[ -n "$server_pid" ] || fail "no server to be seen"
	kill -$signal $pid
	wait $pid 2>/dev/null
	status=$?
	case $signal in INT) is $status 130 "the status" ;; esac
	poll gone "$server_pid"
done

begin "a server that does not start is a sentence with its last words, exit 4"
server
sed -i 's|command: .*|command: [sh, -c, "echo no weights here >\&2; exit 3", "{port}"]|' driftlead.yaml
expect_exit 4 driftlead run suite.yaml -t own -q --fresh
contains "$ERR" "no weights here"

begin "answers recorded before"
cat >answers.jsonl <<'END'
{"id":"c1","answer":"yes","took":0.5}
{"id":"c2","answer":"no","took":1.5}
{"id":"c3","answer":"yes","how":"truncated","took":1}
{"id":"c4","answer":"yes","took":2}
{"id":"c5","answer":"yes","took":2}
END
cat >driftlead.yaml <<'END'
targets:
  old: { protocol: replay, answers: answers.jsonl, outcome: how, latency: took }
END
suite '  - { name: slow, scorer: latency }'
driftlead run suite.yaml -t old --json >"$OUT" 2>"$ERR"
json '.run.outcomes | [.answered, .truncated, .rejected] | @csv' 4,1,1
json '.estimates[0] | [(.at * 6 | round), .n] | @csv' 3,6
same "select group_concat(ms_total) from (select ms_total from v_completion where run =
	(select max(id) from v_run) and measured order by test_case)" "500.0,1500.0,1000.0,2000.0,2000.0"
echo '{"id":"c1","answer":"other"}' >>answers.jsonl
expect_exit 2 driftlead run suite.yaml -t old
contains "$ERR" "answers.jsonl:6"

begin "the nearest text"
cat >train.csv <<'END'
text,label
"where is my parcel",shipping
"parcel has not come",shipping
"I want my money back",refund
"please refund the money",refund
END
printf 'input,expect\nwhen will the parcel come,shipping\nmoney back please,refund\n' >tickets.csv
cat >driftlead.yaml <<'END'
targets:
  near: { protocol: nearest, train: train.csv, k: 2 }
END
suite
sed -i 's/cases.jsonl/tickets.csv/' suite.yaml
expect_exit 0 driftlead run suite.yaml -t near --json
json '.estimates[0].at' 1

finish
