#!/bin/sh
# One of 77 intents doubles in the middle of a month of traffic: a watch finds it, names it and dates
# it, and is quiet before.
. "${0%/*}/lib.sh"

DATA=${DRIFTLEAD_DATA:-$ROOT/../shared/data}
skip_without "$DATA/banking77/train.csv"
DAY=86400000
T0=1767225600000  # 2026-01-01T00:00:00Z

# Every day 1,000 of the intents of the file, drawn anew; from day 20 on `transaction_charged_twice` twice
# as often as before.
mkdir logs ref
tr -d '\r' <"$DATA/banking77/train.csv" | awk -F, -v t0=$T0 -v day=$DAY '
	NR > 1 && $NF ~ /^[A-Za-z_]+[?]?$/ { intent[n++] = $NF }
	END {
		srand(77)
		for (d = -14; d < 30; d++) {
			file = d < 0 ? "ref/day.jsonl" : "logs/" d ".jsonl"
			for (i = 0; i < 1000; i++) {
				x = intent[int(n * rand())]
				if (d >= 20 && rand() < 0.0178)
					x = "transaction_charged_twice"
				printf "{\"id\":\"%d-%d\",\"time\":%.0f,\"intent\":\"%s\"}\n", d, i,
				       t0 + d * day + int(day * (i + rand()) / 1000), x >file
			}
		}
	}'
cat >driftlead.yaml <<END
watches:
  bank:
    source: logs/*.jsonl
    window: 7d
    reference: logs ref/day.jsonl
    every: 1d
    features:
      - { name: intent, get: category, of: intent }
END

begin "quiet before, found within the week, named, and dated to the day or two"
d=7
while [ $d -le 20 ]; do
	driftlead drift bank --now $((T0 + d * DAY)) -q
	[ $? != 1 ] || fail "an alarm on day $d, before anything changed"
	d=$((d + 1))
done
found=
while [ $d -le 30 ] && [ -z "$found" ]; do
	driftlead drift bank --now $((T0 + d * DAY)) --json >"$OUT"
	[ $? != 1 ] || found=$d
	d=$((d + 1))
done
[ -n "$found" ] && [ "$found" -le 27 ] || fail "found on day '$found'" "$OUT"
json '[.findings[] | select(.verdict == "FAIL") | .why] | map(test("transaction_charged_twice")) | any' true
onset=$(sqlite3 -batch -readonly "$STORE" "SELECT onset_ms FROM v_incident")
[ $((onset - (T0 + 20 * DAY))) -lt $((2 * DAY)) ] && [ $((T0 + 20 * DAY - onset)) -lt $((2 * DAY)) ] ||
	fail "its onset is $onset, and the change came at $((T0 + 20 * DAY))"

finish
