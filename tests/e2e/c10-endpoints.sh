#!/bin/sh
# Targets over HTTP: what is sent, over which wire, and what is refused.
. "${0%/*}/lib.sh"

run() {
	driftlead run suite.yaml -t stub "$@"
}

certificate() {  # NAME HOSTS: $1.key and $1.crt, signed by ca
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
	echo "subjectAltName=$2" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
		-extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

cases 3
suite

begin "nothing is sent that the user did not set"
stub - <<'END'
on "temperature"        reply 400 error "bad" "temperature"
on "top_p"              reply 400 error "bad" "top_p"
on "max_"               reply 400 error "bad" "max tokens"
on "seed"               reply 400 error "bad" "seed"
on "penalty"            reply 400 error "bad" "penalty"
on "stream"             reply 400 error "bad" "stream"
on "logprobs"           reply 400 error "bad" "logprobs"
on "null"               reply 400 error "bad" "null"
on "\"n\""              reply 400 error "bad" "n"
on "stop"               reply 400 error "bad" "stop"
on "response_format"    reply 400 error "bad" "response_format"
on "{\"model\":\"stub-1\",\"messages\":[{\"role\":\"user\",\"content\":\"question "
                        reply 200 text "yes"
on any                  reply 400 error "bad" "something else"
END
project
expect_exit 0 run --json
json '.estimates[0].at' 1
json '.run.outcomes.rejected' 0

begin "what the user set is sent as written, extra verbatim"
stub - <<'END'
on "\"temperature\":0.70" and "\"top_p\":1e-1" and "\"max_tokens\":17" and "\"seed\":12345678901234567890"
   and "\"stop\":[\"a\",\"b\"]" and "\"response_format\":{\"type\":\"json_object\"}"
   and "\"guided\":{\"regex\":\"[0-9]+\",\"deep\":[1,true,null,\"1\"]}"
   and head "X-Team: blue"  reply 200 text "yes"
on any reply 400
END
project "    temperature: 0.70" "    top_p: 1e-1" "    max_tokens: 17" "    seed: 12345678901234567890" \
	"    stop: [a, b]" "    response_format: { type: json_object }" \
	"    extra: { guided: { regex: '[0-9]+', deep: [1, true, null, '1'] } }" \
	"    headers: { X-Team: blue }"
expect_exit 0 run --json
json '.estimates[0].at' 1

begin "extra may not say what driftlead says"
project "    extra: { temperature: 1, model: other }"
expect_exit 2 run
contains "$ERR" "'temperature' has a key of its own"
contains "$ERR" "'model' is set by driftlead"

begin "messages of several roles arrive in order"
stub - <<'END'
on "\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"},{\"role\":\"user\",\"content\":\"question "
   reply 200 text "yes"
on any reply 400
END
project
suite 'prompt:' '  - { role: system, content: be brief }' '  - { role: user, content: a }' \
	'  - { role: assistant, content: b }' '  - { role: user, content: "{{input}}" }'
expect_exit 0 run --json
json '.estimates[0].at' 1
suite

begin "log probabilities are asked for and stored"
stub - <<'END'
on "\"logprobs\":true" and "\"top_logprobs\":3" reply 200 text "yes it is" logprobs
on any reply 400
END
project "    logprobs: 3"
expect_exit 0 run -q
same "select count(*) from v_completion where run = (select max(id) from v_run) and
	json_array_length(logprobs) > 1 and cast(logprob_text as text) = 'yes it is'" 3

begin "a stream is one answer, with the time of its first token"
stub - <<'END'
on "\"stream\":true" and "include_usage" reply 200 text "yes" stream every 30ms
on any reply 400
END
project "    stream: yes"
suite '  - { name: first, scorer: latency, of: first }'
expect_exit 0 run --json
json '.estimates[0].at' 1
same "select count(*) from v_completion where run = (select max(id) from v_run) and
	ms_first < ms_total and tokens_out > 0" 3
suite

begin "a stream without its end is no answer, nor is one cut in the middle"
stub - <<'END'
on "question 1" reply 200 text "yes" stream-cut 1
on "question 2" reply 200 text "yes it is so" stream-cut 2
on any reply 200 bytes "data: {\"choices\":[{\"delta\":{\"content\":\"yes\"}}]}\n\n"
   header "Content-Type: text/event-stream"
END
project "    stream: yes" "    retries: 0"
run --json >"$OUT" 2>"$ERR"
status=$?
[ $status -eq 3 ] || fail "exit $status" "$OUT" "$ERR"
json '.run.outcomes.answered' 0
same "select count(*) from v_score where run = (select max(id) from v_run) and value = 1" 0

begin "a Unix socket"
stub - --unix "$SCRATCH/socket" <<'END'
on any reply 200 text "yes"
END
project "    unix_socket: $SCRATCH/socket"
sed -i "s|url: .*|url: http://localhost/v1|" driftlead.yaml
expect_exit 0 run --json
json '.estimates[0].at' 1

begin "TLS by an authority of one's own"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=testing-authority -days 2 \
	-keyout ca.key -out ca.crt 2>/dev/null
certificate good "IP:127.0.0.1,DNS:localhost"
certificate other "DNS:other.example"
stub - --tls good.crt good.key <<'END'
on any reply 200 text "yes"
END
https() {
	project "$@"
	sed -i 's|http:|https:|' driftlead.yaml
}
https "    ca_file: ca.crt"
expect_exit 0 run --json
json '.estimates[0].at' 1

begin "and by nobody else: unknown authority, other host, self-signed"
https "    retries: 1" "    retry_wait: 1s"
expect_exit 4 run --fresh
contains "$ERR" "certificate"
stub - --tls other.crt other.key <<'END'
on any reply 200 text "yes"
END
https "    ca_file: ca.crt" "    retries: 1" "    retry_wait: 1s"
expect_exit 4 run --fresh
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
	-days 2 -keyout self.key -out self.crt 2>/dev/null
stub - --tls self.crt self.key <<'END'
on any reply 200 text "yes"
END
https "    ca_file: ca.crt" "    retries: 1" "    retry_wait: 1s"
expect_exit 4 run --fresh
contains "$ERR" "certificate"
same "select count(*) from v_completion where run = (select max(id) from v_run) and measured" 0

begin "a key is only sent over TLS or to this machine"
project "    key: \${CANARY}"
sed -i 's|http://127.0.0.1|http://192.0.2.1|' driftlead.yaml
expect_exit 2 env CANARY=sk-canary-4711 driftlead run suite.yaml -t stub
lacks "$ERR" sk-canary

begin "a key that is not set, or stands in the file, is a mistake"
project "    key: \${NOT_SET_HERE}"
expect_exit 2 run
contains "$ERR" "'NOT_SET_HERE' is not set"
project "    key: sk-canary-4711"
expect_exit 2 run
lacks "$ERR" sk-canary

begin "an unknown target suggests one"
project
expect_exit 2 driftlead run suite.yaml -t stubb
contains "$ERR" "no target is named 'stubb' (did you mean 'stub'?)"

finish
