#!/bin/sh
# A ladder: numbers that can be done by hand, rungs that die, runs that are killed, files that are
# wrong.
. "${0%/*}/lib.sh"

# ---- three rungs from recorded answers -------------------------------------------------------

# Of every 20 cases `small` is wrong in 5 and slow there, `big` in 3 others; `bloat` is as `big`.
N=400
cases $N
awk -v n=$N 'BEGIN {
	for (i = 1; i <= n; i++) {
		small = i % 4 != 0; big = i % 20 > 2
		row = "{\"id\":\"c%d\",\"answer\":\"%s\",\"in\":100,\"out\":10,\"took\":%s}\n"
		printf row, i, small ? "yes" : "no", small ? "0.5" : "0.9" >"small.jsonl"
		printf row, i, big ? "yes" : "no", "1" >"big.jsonl"
		printf row, i, big ? "yes" : "no", "1.5" >"bloat.jsonl"
	}
}'
suite '  - { name: seconds, scorer: latency }'
for rung in small big bloat; do
	echo "  $rung: { protocol: replay, answers: $rung.jsonl, latency: took, tokens_in: in," \
		"tokens_out: out, prices: { in: 1, out: 2 } }"
done >targets
{ echo "targets:"; cat targets; } >driftlead.yaml

# ladder [LINE...]: what it takes, and a line for each argument.  A request of small costs
# (100 + 2 * 10) / 1e6 + 0.00088 = 0.001 USD.
ladder() {
	cat >ladder.yaml <<END
suite: suite.yaml
metric: right
requirement: 80%
latency: 2s
rungs:
  - { name: small, target: small, per_request: 0.00088 }
  - { name: bloat, target: bloat, per_request: 0.01988, note: "no better" }
  - { name: big, target: big, per_request: 0.00988 }
END
	for line; do
		echo "$line" >>ladder.yaml
	done
}

# near FILTER VALUE: what jq finds is the number, to nine digits.
near() {
	json "($1) as \$x | if (\$x - $2 | fabs) < 1e-9 then \"near\" else \$x end" near
}

begin "the rungs as they can be done by hand"
ladder
expect_exit 0 driftlead ladder ladder.yaml --json
json .status demonstrated
json .cases $N
json .recommended big
near '.rungs[0].accuracy.at' 0.75
near '.rungs[2].accuracy.at' 0.85
# Wilson at 90 % for 340 of 400.
near '.rungs[2].lower_bound' "$(awk 'BEGIN { z = 1.6448536269514722; n = 400; p = 0.85
	printf "%.12f", (p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n) }')"
near '.rungs[0].cost.at' 0.001
near '.rungs[1].cost.at' 0.020
near '.rungs[0].p50.at' 0.5
near '.rungs[0].p95.at' 0.9
near '.rungs[2].p95.hi' 1
json '.rungs[] | .reason' 'accuracy
meets
meets'

begin "a rung that costs more and adds nothing is dominated"
json '.rungs[] | [.dominated_by, .dominated_share] | @csv' ',
"big",1
,'

begin "what the next rung buys"
json '.steps | map(.from + " " + .to + " " + (.gain | tostring)) | join(", ")' \
	'small big true, big bloat false'
near '.steps[0].per_correct.at' 0.09
json '.steps[0].per_correct | .lo < 0.09 and .hi > 0.09 and .method == "fieller"' true
json '.steps[1].per_correct' null
driftlead ladder ladder.yaml >text 2>"$ERR"
contains text "no demonstrated gain"
contains text "dominated by big"
contains text "* big"

begin "differences hold together, and are no narrower than one by one"
json '[.pairs[] | .a + "-" + .b] | join(" ")' "small-bloat small-big bloat-big"
near '.pairs[1].change.at' -0.1
driftlead compare 3 1 -m right --json >one
is "$(jq -s '(.[0].pairs[1].change | .hi - .lo) >= (.[1].metrics[0].rows[0] | .hi - .lo)' "$OUT" one)" true
near '.pairs[2].change.at' 0

begin "the same on any number of threads, and from one day to the next"
cp "$OUT" first
DRIFTLEAD_THREADS=1 expect_exit 0 driftlead ladder ladder.yaml --json
cmp -s first "$OUT" || fail "one thread prints something else"
DRIFTLEAD_THREADS=5 expect_exit 0 driftlead ladder ladder.yaml --no-run --json
cmp -s first "$OUT" || fail "five threads print something else"
same "select count(*) from v_run" 3

begin "a text of 100 columns"
is "$(awk 'length($0) > 100' text | wc -l)" 0

begin "not demonstrated: exit 3, the nearest rung, and how many cases would tell"
ladder
sed -i 's/requirement: 80%/requirement: 84%/' ladder.yaml
expect_exit 3 driftlead ladder ladder.yaml --json
json .status not_demonstrated
json .recommended null
json .nearest big
json '.n_needed > 5000' true
sed -i 's/requirement: 84%/requirement: 86%/' ladder.yaml
expect_exit 3 driftlead ladder ladder.yaml --json
json .n_needed null
expect_exit 3 driftlead ladder ladder.yaml
contains "$OUT" "requirement not demonstrated"

begin "a limit of latency that only the slow one misses"
ladder
sed -i 's/latency: 2s/latency: 1200ms/' ladder.yaml
expect_exit 0 driftlead ladder ladder.yaml --json
json '.rungs[1].reason' latency
sed -i 's/latency: 1200ms/latency: 800ms/' ladder.yaml
expect_exit 3 driftlead ladder ladder.yaml --json
json '[.rungs[].reason] | join(" ")' 'accuracy latency latency'

# ---- the router ------------------------------------------------------------------------------

begin "the router sends on what is slow, and beats both"
ladder 'router: { cheap: small, strong: big, confidence: seconds }'
sed -i 's/requirement: 80%/requirement: 88%/' ladder.yaml
expect_exit 3 driftlead ladder ladder.yaml --json
json '.router.threshold' 0.5
json '.router | .policy.reason' meets
json '.router.chosen_on + (.router.policy.accuracy | 0) > 150' true
# On the half that is reported: every escalated case is one that small gets wrong.
json '.router | (.escalated.at + .cheap_alone.accuracy.at - 1 | fabs) < 1e-9' true
json '.router | (.policy.cost.at - 0.001 - .escalated.at * 0.01 | fabs) < 1e-9' true
json '.router | .policy.accuracy.at > .strong_alone.accuracy.at and .strong_alone.change.lo > 0 and
	.strong_alone.cost_change.at < 0' true
json '.router.policy.p95.at' 1.9
driftlead ladder ladder.yaml >text 2>"$ERR"
contains text "where seconds is above 0.5"
contains text "the router is shown to meet it"
expect_exit 3 driftlead ladder ladder.yaml --html page.html -q
contains page.html "The router below is shown to."
is "$(awk 'length($0) > 100' text | wc -l)" 0

begin "without a confidence there is no router"
ladder 'router: { cheap: small, strong: big }'
expect_exit 0 driftlead ladder ladder.yaml --json
json .router null

begin "log probabilities: the mean over an answer's tokens"
cat >sure.jq <<'END'
(.id | ltrimstr("c") | tonumber % 4 != 0) as $right | { id, finish: "stop",
	text: (if $right then "yes" else "no" end), logprobs: (if .id == "c4" then [] else
	[{ token: "y", logprob: (if $right then -0.1 else -1 end) },
	{ token: "es", logprob: (if $right then -0.3 else -3 end) }] end) }
END
echo "  sure: { protocol: exec, command: [$(command -v jq), -c, --unbuffered, -f, sure.jq], slots: 1 }" \
	>>driftlead.yaml
cat >sure.yaml <<END
suite: suite.yaml
metric: right
requirement: 88%
rungs:
  - { name: sure, target: sure, per_request: 0.001 }
  - { name: big, target: big, per_request: 0.00988 }
router: { cheap: sure, strong: big }
END
expect_exit 3 driftlead ladder sure.yaml --json
json '.rungs[0].state' complete
near '.router.threshold' -0.2
json '.router | (.escalated.at + .cheap_alone.accuracy.at - 1 | fabs) < 1e-9' true
json .router.policy.reason meets

begin "clusters lie in one half, and differences know of them"
awk '{ sub(/}$/, ",\"group\":\"g" int((NR - 1) / 10) "\"}"); print }' cases.jsonl >grouped.jsonl
sed 's/cases.jsonl/grouped.jsonl/; s/^metrics/fields: { id: id, input: input, expect: expect, cluster: group }\n&/' \
	suite.yaml >grouped-suite.yaml
ladder 'router: { cheap: small, strong: big, confidence: seconds }'
sed 's/suite.yaml/grouped-suite.yaml/' ladder.yaml >grouped.yaml
expect_exit 0 driftlead ladder grouped.yaml --json
json '.router.chosen_on % 10' 0
json '.held_out.cases % 10' 0
json '.held_out.cases + .router.chosen_on' $N
json '.pairs[1].change.method' "clustered paired t (CR2)"

begin "a few unanswered cases are wrong, and slower than any limit"
head -n 396 big.jsonl >part.jsonl
cp driftlead.yaml all.yaml
sed 's/answers: big.jsonl/answers: part.jsonl/' all.yaml >driftlead.yaml
expect_exit 0 driftlead ladder ladder.yaml --json
json '.rungs[2] | [.state, .missing] | join(" ")' "complete 4"
near '.rungs[2].accuracy.at' 0.8425
near '.rungs[2].p95.hi' 1
driftlead ladder ladder.yaml >text 2>"$ERR"
contains text "4 cases unanswered, which count as wrong"
cp all.yaml driftlead.yaml

# ---- prompts ---------------------------------------------------------------------------------

begin "a rung's prompt is asked, stored as another suite, and not mistaken for the suite's own"
cat >prompts.yaml <<END
suite: suite.yaml
metric: right
requirement: 90%
rungs:
  - { name: as it is, target: echo }
  - { name: told, target: echo, prompt: "yes" }
  - { name: from a file, target: echo, prompt: told.txt }
END
printf yes >told.txt
expect_exit 0 driftlead ladder prompts.yaml --json
json '[.rungs[].accuracy.at] | map(tostring) | join(" ")' "0 1 1"
json '.rungs | .[1].run == .[2].run' true
same "select count(distinct prompt_digest) from v_run where target = 'echo'" 2
same "select count(*) from v_suite where source like '%by the rung \"told\"%' or
	source like '%by the rung \"from a file\"%'" 1

# ---- what goes wrong -------------------------------------------------------------------------

begin "all mistakes at once, each with its line"
cat >bad.yaml <<END
suite: suite.yaml
metric: wrong
requirement: 120%
latencies: 2s
rungs:
  - { name: small, target: smal }
  - { name: small, target: big, per_request: -1 }
  - { target: big, prompt: "{{" }
router: { cheap: small, strong: large, confidence: right }
END
expect_exit 2 driftlead ladder bad.yaml
contains "$ERR" "bad.yaml:2:"
contains "$ERR" "no metric 'wrong'"
contains "$ERR" "bad.yaml:3:"
contains "$ERR" "bad.yaml:4:"
contains "$ERR" "latencies"
contains "$ERR" "did you mean 'small'"
contains "$ERR" "bad.yaml:7:"
contains "$ERR" "two rungs are named 'small'"
contains "$ERR" "per_request"
contains "$ERR" "bad.yaml:8:"
contains "$ERR" "no rung is named 'large'"
sed 's/metric: wrong/metric: right/; s/strong: large/strong: small/' bad.yaml >worse.yaml
expect_exit 2 driftlead ladder worse.yaml
contains "$ERR" "the same rung"
expect_exit 2 driftlead ladder nothing.yaml
expect_exit 2 driftlead ladder ladder.yaml --fresh --no-run
for what in 'metric: seconds' 'suite: missing.yaml'; do
	ladder
	sed "s/^${what%%:*}: .*/$what/" ladder.yaml >bad.yaml
	expect_exit 2 driftlead ladder bad.yaml
	contains "$ERR" "bad.yaml:"
done

begin "the metric that decides is no confidence, and repeats have no router"
ladder 'router: { cheap: small, strong: big, confidence: right }'
expect_exit 2 driftlead ladder ladder.yaml
contains "$ERR" "nobody knows in production"
suite '  - { name: seconds, scorer: latency }' 'repeats: 2'
expect_exit 2 driftlead ladder ladder.yaml
contains "$ERR" "repeats"
suite '  - { name: seconds, scorer: latency }'

begin "repeats are averaged in the case"
suite '  - { name: seconds, scorer: latency }' 'repeats: 2'
ladder
expect_exit 0 driftlead ladder ladder.yaml --json
json .cases $N
near '.rungs[2].accuracy.at' 0.85
near '.rungs[0].cost.at' 0.001
suite '  - { name: seconds, scorer: latency }'

begin "nothing stored: --no-run says so and sends nothing"
ladder
driftlead run suite.yaml -t small --store "$SCRATCH/one.db" -q >"$OUT" 2>"$ERR"
expect_exit 3 driftlead ladder ladder.yaml --no-run --store "$SCRATCH/one.db" --json
json '[.rungs[].state] | join(" ")' "complete incomplete incomplete"
json '.rungs[1].why' "nothing is stored"
json .pairs '[]'

begin "too many cases without an answer: the rung is not judged, the others are"
head -n 380 big.jsonl >less.jsonl
cp driftlead.yaml all.yaml
sed 's/answers: big.jsonl/answers: less.jsonl/' all.yaml >driftlead.yaml
expect_exit 3 driftlead ladder ladder.yaml --json
json '[.rungs[].state] | join(" ")' "complete complete unanswered"
json '.rungs[2].missing' 20
json .status incomplete
json .recommended bloat
cp all.yaml driftlead.yaml

# ---- endpoints -------------------------------------------------------------------------------

cases 60
suite
echo 'on any reply 200 text "yes" after 30ms' >play
stub "$PWD/play"
port=$STUB_PORT

# served [LINE...]: two rungs of the stub; more lines of the second target.
served() {
	{
		echo "targets:"
		for t in one two; do
			echo "  $t:"
			echo "    protocol: openai"
			echo "    url: http://127.0.0.1:$port/v1"
			echo "    model: $t"
			echo "    slots: 4"
			echo "    retries: 0"
			echo "    prices: { in: 1, out: 1 }"
		done
		for lib_line; do
			echo "    $lib_line"
		done
	} >driftlead.yaml
	cat >served.yaml <<END
suite: suite.yaml
metric: right
requirement: 80%
rungs:
  - { name: first, target: one }
  - { name: second, target: two, prompt: "Say yes: {{input}}" }
END
}

asked() {
	[ "$(stub_count total)" -ge "$1" ]
}

begin "a dry run sends nothing and says what would be asked"
served 'max_tokens: 5'
expect_exit 0 driftlead ladder served.yaml -n --json
json .calls 120
json '.rungs[1].run.request | contains("Say yes: question 1.")' true
json '.cost_at_most' null
is "$(stub_count total)" 0

begin "killed while it asks, it goes on and repeats no more than was in flight"
served
driftlead ladder served.yaml -q >"$OUT" 2>"$ERR" &
pid=$!
poll asked 80
kill -9 $pid
wait $pid 2>/dev/null
before=$(stub_count total)
is "$([ "$before" -ge 80 ] && [ "$before" -lt 120 ] && echo between)" between "requests when killed"
expect_exit 0 driftlead ladder served.yaml --json
json .status demonstrated
all=$(stub_count total)
is "$([ "$all" -ge 120 ] && [ "$all" -le 124 ] && echo yes)" yes "120 requests, and the slots again: $all"
same "select count(*) from v_run where target in ('one', 'two')" 2

begin "a second call sends nothing"
all=$(stub_count total)
expect_exit 0 driftlead ladder served.yaml -q
is "$(stub_count total)" "$all"
expect_exit 0 driftlead ladder served.yaml -n --json
json .calls 0

begin "rungs that are asked the very same share a run, whatever they cost beside"
cat >twins.yaml <<END
suite: suite.yaml
metric: right
requirement: 80%
margin: 5%
rungs:
  - { name: rented, target: one, per_request: 0.001 }
  - { name: owned, target: one, per_request: 0.002 }
END
expect_exit 0 driftlead ladder twins.yaml --fresh -n --json
json .calls 60
all=$(stub_count total)
expect_exit 0 driftlead ladder twins.yaml --fresh --json
json '.rungs | .[0].run == .[1].run' true
json .recommended rented
json '.rungs[1].dominated_by' rented
is "$(stub_count total)" $((all + 60))

begin "--fresh asks again, a signal ends it, and the same command goes on"
all=$(stub_count total)
env --default-signal=INT driftlead ladder served.yaml --fresh -q >"$OUT" 2>"$ERR" &
pid=$!
poll asked $((all + 20))
kill -INT $pid
wait $pid
is $? 130 "the status"
contains "$ERR" "goes on"
expect_exit 0 driftlead ladder served.yaml -q
is "$(stub_count total)" $((all + 60)) "requests in all: the second rung's run is stored"

begin "a spent budget leaves rungs incomplete"
tokens=$(sqlite3 -batch -readonly "$STORE" "select sum(tokens_in + tokens_out) from v_completion
	where run = (select max(id) from v_run where target = 'one')")
expect_exit 3 driftlead ladder served.yaml --store "$SCRATCH/budget.db" --max-tokens "$tokens" --json
json '[.rungs[].state] | join(" ")' "complete incomplete"
json '.rungs[1].why' "max-tokens are spent"
expect_exit 0 driftlead ladder served.yaml --store "$SCRATCH/budget.db" --max-tokens $((3 * tokens)) -q

begin "a rung whose target is dead is incomplete, and the others stand"
served
sed -i "/model: one/s/.*/    model: one/; 0,/127.0.0.1:$port/s//127.0.0.1:1/" driftlead.yaml
expect_exit 3 driftlead ladder served.yaml --store "$SCRATCH/dead.db" --json
json '[.rungs[].state] | join(" ")' "incomplete complete"
json '.rungs[0].why | length > 10' true
json .recommended second
json .status incomplete
expect_exit 3 driftlead ladder served.yaml --store "$SCRATCH/dead.db" --no-run
contains "$OUT" "incomplete: "

# ---- the page --------------------------------------------------------------------------------

begin "names are text on the page, and control characters are visible"
cat >hostile.yaml <<END
suite: suite.yaml
metric: right
requirement: 80%
rungs:
  - { name: "<script>alert(1)</script>\e[31m", target: echo, note: "</td><img src=x>" }
  - { name: "R0 & V1", target: echo, prompt: "yes", per_request: 0.001 }
END
expect_exit 0 driftlead ladder hostile.yaml --html page.html
lacks page.html "<script"
lacks page.html "<img"
contains page.html "&lt;script&gt;alert(1)&lt;/script&gt;"
contains page.html "R0 &amp; V1"
lacks "$OUT" "$(printf '\033')"
expect_exit 4 driftlead ladder hostile.yaml --html no/such/folder/page.html

finish
