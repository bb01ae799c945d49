#!/bin/sh
# The key goes to its server and nowhere else; what a model writes does not reach the terminal raw.
. "${0%/*}/lib.sh"

CANARY=sk-canary-0123456789abcdefghij TOKEN=tok-canary-9876543210zyxwvutsr
export CANARY TOKEN
esc=$(printf '\033')

nowhere() {  # the key is in none of the files
	for file in "$OUT" "$ERR" .driftlead/*; do
		for secret in $CANARY $TOKEN; do
			lacks "$file" "$secret"
		done
	done
}

cases 8
suite
stub - <<END
on no head "Authorization: Bearer $CANARY"  reply 400
on no head "X-Token: $TOKEN"                reply 400
on "question 1."  reply 500 error "bad" "who is $CANARY with $TOKEN?" header "X-Echo: $CANARY"
on "question 2."  reply 400 bytes "your key $CANARY$CANARY $TOKEN is wrong"
on "question 3."  reply 200 bytes "garbage $CANARY and $TOKEN"
on "question 4."  reply 200 text "yes, $CANARY $TOKEN"
on "question 5."  reply 200 text "yes" model "$CANARY" fingerprint "$TOKEN"
on "question 6."  reply 200 text "yes $CANARY $TOKEN" finish length
on "question 7."  reply 302 redirect "http://127.0.0.1:1/$CANARY/$TOKEN"
on any            reply 200 text "yes" after 400ms
END
project "    key: \${CANARY}" "    headers: { X-Token: '\${TOKEN}' }" "    keep: all" "    retries: 1"

begin "the key is nowhere: store, output, errors, exports, the process list"
driftlead run suite.yaml -t stub >"$OUT" 2>"$ERR" &
pid=$!
poll test -s .driftlead/store.db
for file in /proc/$pid/cmdline .driftlead/*; do
	lacks "$file" "$CANARY"
	lacks "$file" "$TOKEN"
done
wait $pid
nowhere
contains .driftlead/store.db "who is ***"
for command in "run suite.yaml -t stub --fresh --json" "run suite.yaml -t stub --dry-run" "show last" \
		"show last --json" "show last c1" "show last c2" "show last c3 --json" "show last c4" \
		"export last" "export last --format csv" "export last --format csv --raw" "log" "log --json" \
		"score last" "compare last last~1" "list targets" "list targets --json" "doctor"; do
	# shellcheck disable=SC2086
	driftlead $command >"$OUT" 2>"$ERR"
	nowhere
done

begin "a stream that says the key"
stub - <<END
on any reply 200 text "yes, it is $CANARY and $TOKEN" stream
END
project "    key: \${CANARY}" "    headers: { X-Token: '\${TOKEN}' }" "    keep: all" "    stream: yes"
driftlead run suite.yaml -t stub --fresh --json >"$OUT" 2>"$ERR"
json '.run.outcomes.answered' 8
nowhere

begin "a refusal that says the key"
stub - <<END
on any reply 403 error "bad" "no $CANARY $TOKEN"
END
project "    key: \${CANARY}" "    headers: { X-Token: '\${TOKEN}' }" "    keep: all"
expect_exit 4 driftlead run suite.yaml -t stub --fresh
contains "$ERR" "no *** ***"
nowhere

begin "control characters of answers, ids, slices and names do not reach the terminal"
stub - <<'END'
on "question" reply 200 text "\x1b]0;owned\x07\x1b[2J \xc2\x9b31m"
on any        reply 400 error "bad" "\x1b]52;c;aGVsbG8=\x07"
END
project
cat >cases.jsonl <<'END'
{"id":"a\u001b[31m","input":"question \u001b[1m","expect":"\u001b[5m","kind":"k\u001b]0;x\u0007"}
{"id":"b","input":"other","expect":"x","kind":"plain"}
END
cat >suite.yaml <<'END'
suite: "smoke\e[1m"
cases: cases.jsonl
slices: { by: kind }
metrics:
  - { name: "right\e[2m", scorer: exact }
gates:
  - { name: "gate\e[3m", metric: "right\e[2m", rule: at-least, value: 50% }
END
clean() {
	"$@" >"$OUT" 2>"$ERR"
	for file in "$OUT" "$ERR"; do
		lacks "$file" "$esc"
		lacks "$file" "$(printf '\007')"
		lacks "$file" "$(printf '\302\233')"
	done
}
clean driftlead run suite.yaml -t stub -s
clean driftlead run suite.yaml -t stub -n
driftlead run suite.yaml -t echo >"$OUT" 2>"$ERR"
id=$(printf 'a\033[31m')
for command in log "show last -s" "show last~1 -s" "compare last last~1 -s" "gate last~1" \
		"baseline set last" "baseline list" "export last" "export last~1 --format csv" \
		"show last~1 b" "score last~1 -s" "gate last"; do
	# shellcheck disable=SC2086
	clean driftlead $command
done
clean driftlead show last~1 "$id"
contains "$OUT" "owned"
clean driftlead show last~1 "$id" --json
clean driftlead show last "no$id"
clean driftlead run "$id"
clean driftlead run suite.yaml -t "$id"
clean driftlead run suite.yaml -t stub -f "$id"

begin "a spreadsheet does not run an answer"
echo '{"id":"=1+1","input":"=cmd|calc","expect":"x"}' >cases.jsonl
suite
driftlead run suite.yaml -t echo -q
expect_exit 0 driftlead export last --format csv
contains "$OUT" "\"'=1+1\""
contains "$OUT" "\"'=cmd|calc\""

begin "a line of an answer is no command of a CI system"
cat >cases.jsonl <<'END'
{"id":"ci","input":"first\n::error file=x::owned\n \t::set-output name=a::b\nold ##[error]x","expect":"x"}
END
suite
expect_exit 0 driftlead run suite.yaml -t echo -q --fresh
expect_exit 0 driftlead show last ci
contains "$OUT" "::error file=x::owned"
is "$(grep -c '^[[:space:]]*::' "$OUT")" 0
is "$(grep -c '[^\\]##\[' "$OUT")" 0
contains "$OUT" 'old \##[error]x'

finish
