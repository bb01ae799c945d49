#!/bin/sh
# The stub does what a play says: every other test leans on it.
. "${0%/*}/lib.sh"

ask() {
	"$B/tests/ask" -t 3 -p "$STUB_PORT" "$@"
}

printf '{"recorded": true}\n' >"$SCRATCH/answer.json"
stub - <<'END'
# By what is asked, not by order.
on "order 17"          reply 200 text "refund"
on "order 18"          reply 429 retry-after 0, then 200 text "shipping"
on "order 19"          reply 200 bytes "{\"choices\": [", then close
on "cut"               reply 200 bytes "0123456789" cut 4
on "late"              reply 200 text "late" after 80ms
on "silent"            reply stall
on "half"              reply 200 bytes "0123456789" cut 4 stall
on "gone"              reply hangup
on "stream" and "all"  reply 200 text "one two \"three\"" stream logprobs
on "stream"            reply 200 text "one two three" stream-cut 2
on "packed"            reply 200 text "unpacked" gzip
on "bomb"              reply 200 bomb 3
on "echo"              reply 200 echo
on "broke"             reply 429 error "insufficient_quota" "no \"money\""
on "moved"             reply 302 redirect "http://127.0.0.1:1/elsewhere"
on "short"             reply 200 text "sh" finish length usage 11 22 model "m-2"
on "recorded"          reply 200 file "answer.json"
on "drip"              reply 200 bytes "abc" drip 20ms
on no head "Bearer k"  reply 401 error "invalid_api_key" "who are you"
on any chance 30%      reply 503
on any                 reply 200 text "fine" header "X-Model: a"
END

begin "each body goes through the steps on its own"
expect_exit 0 ask -o -d 'order 17'
json '.choices[0].message.content' refund
json '.choices[0].finish_reason' stop
json '.model' stub-1
expect_exit 0 ask -d '{"q": "order 18"}'
contains "$OUT" "HTTP/1.1 429 "
contains "$OUT" "Retry-After: 0"
expect_exit 0 ask -d '{"q": "order 18, too"}'
contains "$OUT" "HTTP/1.1 429 "
expect_exit 0 ask -o -d '{"q": "order 18"}'
json '.choices[0].message.content' shipping

begin "close ends the body with the connection"
expect_exit 0 ask -d 'order 19'
lacks "$OUT" "Content-Length"
is "$(tail -n 1 "$OUT")" '{"choices": ['

begin "cut promises more than it sends"
expect_exit 0 ask -d 'cut'
contains "$OUT" "Content-Length: 10"
is "$(tail -n 1 "$OUT")" 0123

begin "stall and hangup"
expect_exit 3 ask -t 1 -d 'silent'
is "$(cat "$OUT")" ""
expect_exit 3 ask -t 1 -d 'half'
is "$(tail -n 1 "$OUT")" 0123
expect_exit 0 ask -d 'gone'
is "$(cat "$OUT")" ""

begin "a stream has tokens, a reason, usage and [DONE]"
expect_exit 0 ask -o -d 'stream all'
is "$(grep -c '^data: ' "$OUT")" 5
grep '^data: {' "$OUT" | sed 's/^data: //' >"$SCRATCH/events"
is "$(jq -rj '.choices[0].delta.content // ""' "$SCRATCH/events")" 'one two "three"'
is "$(jq -r '.choices[0].logprobs.content[0].logprob < 0' "$SCRATCH/events" | head -n 1)" true
is "$(tail -n 5 "$OUT" | head -n 1)" 'data: [DONE]'
is "$(jq -s -r '.[-1].usage.completion_tokens > 0' "$SCRATCH/events")" true
expect_exit 0 ask -o -d 'stream'
is "$(grep -c '^data: ' "$OUT")" 2
lacks "$OUT" "[DONE]"

begin "gzip, and a gzip that grows"
expect_exit 0 ask -z -d 'packed'
json '.choices[0].message.content' unpacked
expect_exit 0 ask -z -d 'bomb'
is "$(wc -c <"$OUT" | tr -d ' ')" 3145728
expect_exit 0 ask -d 'bomb'
contains "$OUT" "Content-Encoding: gzip"

begin "echo finds what the user said last"
expect_exit 0 ask -o -d '{"messages":[{"role":"system","content":"no"},
	{"role":"user","content":"echo \"this\" \u00e4"}],"model":"content"}'
json '.choices[0].message.content' 'echo "this" ä'

begin "errors, redirects, own words"
expect_exit 0 ask -o -d 'broke'
json '.error.code' insufficient_quota
json '.error.message' 'no "money"'
expect_exit 0 ask -d 'moved'
contains "$OUT" "Location: http://127.0.0.1:1/elsewhere"
expect_exit 0 ask -o -d 'short'
json '[.choices[0].finish_reason, .usage.prompt_tokens, .usage.completion_tokens, .model]|@csv' \
	'"length",11,22,"m-2"'
expect_exit 0 ask -o -d 'recorded'
json '.recorded' true

begin "conditions on the head, and chance by content"
expect_exit 0 ask -d 'x'
contains "$OUT" "HTTP/1.1 401 "
good=0 again=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	ask -H 'Authorization: Bearer k' -d "case $i" | head -n 1 >"$SCRATCH/first"
	ask -H 'Authorization: Bearer k' -d "case $i" | head -n 1 >"$SCRATCH/second"
	cmp -s "$SCRATCH/first" "$SCRATCH/second" && again=$((again + 1))
	grep -q 200 "$SCRATCH/first" && good=$((good + 1))
done
is $again 20 "the number of repeated answers"
[ $good -ge 8 ] && [ $good -le 19 ] || fail "$good of 20 answered, of 30% refused"

begin "pipelined requests are answered in order"
expect_exit 0 ask -d 'late' -d 'order 17' -d 'echo "text": "end"'
is "$(grep -o 'HTTP/1.1 200' "$OUT" | wc -l | tr -d ' ')" 3
is "$(grep -o 'content":"[a-z]*' "$OUT" | tr '\n' ' ')" 'content":"late content":"refund content":"end '

begin "a byte at a time"
expect_exit 0 ask -o -d 'drip'
is "$(cat "$OUT")" abc

begin "it counts"
expect_exit 0 ask -P /health
is "$(stub_count 'rules[0].count')" 2
is "$(stub_count 'rules[1].count')" 3
[ "$(stub_count total)" -gt 60 ] || fail "total is $(stub_count total)"
stub_stop
is "$(stub_count 'rules[1].count')" 3
is "$(stub_count unmatched)" 0

begin "more than --slots at once are throttled"
stub - --slots 2 <<'END'
on any reply 200 text "x" after 400ms
END
for i in 1 2 3; do
	ask -d "x $i" >"$SCRATCH/slot$i" &
	eval "slot$i=$!"
done
wait "$slot1" "$slot2" "$slot3"
is "$(cat "$SCRATCH"/slot? | grep -c 'HTTP/1.1 429')" 1
is "$(stub_count max_waiting)" 2

begin "a Unix socket, and TLS"
stub - --unix "$SCRATCH/socket" <<'END'
on any reply 200 text "local"
END
expect_exit 0 "$B/tests/ask" -u "$SCRATCH/socket" -o -d x
json '.choices[0].message.content' local
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -days 2 \
	-keyout "$SCRATCH/key" -out "$SCRATCH/cert" 2>/dev/null
stub - --tls "$SCRATCH/cert" "$SCRATCH/key" <<'END'
on "big" reply 200 bomb 64
on any reply 200 text "private"
END
expect_exit 0 ask -s -o -d x
json '.choices[0].message.content' private
expect_exit 0 ask -s -d big -d x
contains "$OUT" private

begin "a play's mistakes have a line and a suggestion"
printf 'on any reply 200 text "a"\non any reply 200 txet "b"\n' >bad.play
expect_exit 2 "$B/tests/stub" bad.play
contains "$ERR" "bad.play:2: unknown word 'txet' (did you mean 'text'?)"
printf 'on any\n\nreply 99\n' >bad.play
expect_exit 2 "$B/tests/stub" bad.play
contains "$ERR" "bad.play:3: expected a number from 200 to 599, found '99'"
printf 'on "x\n reply 200\n' >bad.play
expect_exit 2 "$B/tests/stub" bad.play
contains "$ERR" "bad.play:1: a quoted text has no end on its line"
printf 'on any reply 200 bytes "" stream' >bad.play
expect_exit 2 "$B/tests/stub" bad.play
contains "$ERR" "a stream needs 'text' or 'echo'"

finish
