#!/bin/sh
# Watches: a check a day against a reference, false alarms within their budget, one incident per
# change with its date, and nothing that a repeat or a crash could do twice.
. "${0%/*}/lib.sh"

DAY=86400000
T0=1767225600000  # 2026-01-01T00:00:00Z

# day FILE NUMBER N REFUNDS: one day of traffic with this share of refunds in per cent.
day() {
	awk -v d="$2" -v n="$3" -v r="$4" -v t0=$T0 -v day=$DAY 'BEGIN {
		srand(1000 + d)
		for (i = 0; i < n; i++)
			printf "{\"id\":\"%d-%d\",\"time\":%.0f,\"intent\":\"%s\",\"words\":%d}\n", d, i,
			       t0 + d * day + int(day * (i + rand()) / n),
			       (100 * rand() < r ? "refund" : rand() < 0.5 ? "shipping" : "account"), 5 + 20 * rand()
	}' >"$1"
}

# at DAYS: that many days after the first.
at() {
	echo $((T0 + $1 * DAY))
}

# check DAY STATUS [OPTION...]: the watch `traffic` as of the end of a day.
check() {
	lib_day=$1 lib_want=$2
	shift 2
	expect_exit "$lib_want" driftlead drift traffic --now "$(at "$lib_day")" "$@"
}

rows() {
	sqlite3 -batch -readonly "$STORE" "$1"
}

mkdir logs ref
for d in 1 2 3 4 5 6 7 8; do
	day ref/$d.jsonl -$d 400 30
done
d=0
while [ $d -lt 44 ]; do
	refunds=30
	[ $d -lt 20 ] || [ $d -ge 28 ] || refunds=50
	day logs/$d.jsonl $d 400 $refunds
	d=$((d + 1))
done
cat >driftlead.yaml <<END
watches:
  traffic:
    source: logs/*.jsonl
    window: 2d
    reference: logs ref/*.jsonl
    every: 1d
    false_alarms: 1 per 90d
    features: [ { name: intent, get: category, of: intent } ]
END

begin "a watch that was never checked is due, and listed so"
expect_exit 0 driftlead due --now "$(at 2)"
contains "$OUT" "never"
expect_exit 0 driftlead list watches
contains "$OUT" "never checked"

begin "twenty quiet days: no alarm, no incident, and the budget of twenty days spent"
d=2
while [ $d -le 20 ]; do
	check $d 0
	d=$((d + 1))
done
is "$(rows "SELECT count(*) FROM v_incident")" 0
is "$(rows "SELECT count(*), round(sum(alpha) * 90, 6) FROM v_drift_check")" "19|19.0"

begin "a change of mix is found on the next day, named, and dated to the day"
check 21 1
contains "$OUT" "refund  "
contains "$OUT" "incident #1 opened 2026-01-22T00:00:00Z: intent, onset 2026-01-2"
onset=$(rows "SELECT onset_ms FROM v_incident")
[ $((onset - $(at 20))) -lt $((DAY / 2)) ] && [ $(($(at 20) - onset)) -lt $((DAY / 2)) ] ||
	fail "its onset is $onset, and the change came at $(at 20)"

begin "it stays one incident as long as it lasts, and is resolved by the second quiet check"
d=22
while [ $d -le 28 ]; do
	check $d 1
	contains "$OUT" "incident #1 open since 2026-01-22T00:00:00Z"
	d=$((d + 1))
done
driftlead drift traffic --now "$(at 29)" -q  # half of this window is as before
check 30 0
check 31 0
check 32 0
is "$(rows "SELECT count(*), resolved FROM v_incident")" "1|2026-02-01T00:00:00Z"
expect_exit 0 driftlead list watches --json
json '.watches[0] | [.name, .verdict, .open] | @csv' '"traffic","PASS",0'

begin "the document tells of the watch, of its history and of its incidents"
check 33 0 --json
json '.watch | [.name, .at, .from, .to] | @csv' "\"traffic\",$(at 33),$(at 31),$(at 33)"
json '.watch.history | [length, .[0].at, .[-1].at] | @csv' "32,$(at 2),$(at 33)"
json '.watch.incidents | [length, .[0].feature, .[0].opened] | @csv' "1,\"intent\",$(at 21)"
json '.watch.budget | [.alarms, .per_ms, .checks] | @csv' "1,$((90 * DAY)),32"
json '.watch.alpha * 90 | . > 0.999 and . < 1.001' true

begin "the same check again stores nothing, spends nothing and says the same"
cp "$OUT" before
n=$(rows "SELECT count(*) FROM v_event")
check 33 0 --json
cmp -s before "$OUT" || fail "the repeat says something else" before "$OUT"
is "$(rows "SELECT count(*) FROM v_event")" "$n"

begin "checks go forward: other records at the same moment, and earlier moments, are refused"
echo '{"id":"late","time":'"$(at 32)"',"intent":"refund","words":7}' >logs/late.jsonl
check 33 2
contains "$ERR" "with other records"
expect_exit 2 driftlead drift traffic --now $(($(at 30) + 1))
contains "$ERR" "choose a later --now"
rm logs/late.jsonl

begin "what is due is checked once, however many nights were missed"
expect_exit 0 driftlead due --now $(($(at 34) - 2 * 3600000))
contains "$OUT" "nothing is due"
expect_exit 0 driftlead due --run --now $(($(at 34) - 1000))
contains "$OUT" "watch      traffic"
expect_exit 0 driftlead due --run --now "$(at 37)"
is "$(rows "SELECT count(*) FROM v_drift_check")" 34
expect_exit 0 driftlead due --run --now "$(at 37)"
contains "$OUT" "nothing is due"

begin "a window without a record is INCONCLUSIVE, stored, and spends nothing"
check 60 3
is "$(rows "SELECT verdict, records, alpha FROM v_drift_check ORDER BY id DESC LIMIT 1")" \
	"INCONCLUSIVE|0|0.0"

begin "a source that names nothing and a reference that is gone are said, and written down"
mv logs gone
check 61 2
contains "$ERR" "there is no such file"
mv gone logs
mv ref gone
check 61 2
contains "$ERR" "ref/*.jsonl"
is "$(rows "SELECT count(*) FROM v_event WHERE text LIKE '%could not be checked%'")" 4
mv gone ref

begin "a pinned reference"
cat >driftlead.yaml <<END
watches:
  pinned:
    source: [logs/*.jsonl]
    window: 5d
    reference: pinned january
    features:
      - { name: intent, get: category, of: intent }
    tests:
      - { feature: intent, detector: tvd, tolerance: 0.15 }
  before: { source: logs/*.jsonl, window: 5d, reference: previous, every: 5d }
END
expect_exit 2 driftlead drift pinned --now "$(at 30)"
contains "$ERR" "--pin \"january\""
expect_exit 0 driftlead drift pinned --pin january --now "$(at 10)"
expect_exit 1 driftlead drift pinned --now "$(at 25)" --json
json '[.reference.what, .reference.records, .findings[0].detector, .findings[0].tolerance] | @csv' \
	'"pinned january",2000,"tvd",0.15'
expect_exit 0 driftlead drift pinned --now "$(at 35)" --json
json '.watch.history | length' 2

begin "the window before as the reference: the first has none, the next share no record"
expect_exit 3 driftlead drift before --now "$(at 10)" --json
json '[.reference.records, .current.records, .alpha] | @csv' '0,2000,0'
expect_exit 0 driftlead drift before --now "$(at 15)" --json
json '[.reference.records, .reference.to < .current.from] | @csv' '2000,true'
expect_exit 0 driftlead drift before --now "$(at 18)" --json
json '[.reference.records, .reference.to < .current.from] | @csv' '2000,true'
expect_exit 1 driftlead drift before --now "$(at 25)"
is "$(rows "SELECT count(DISTINCT drift_check) FROM v_watch_profile WHERE watch = 'before'")" 2

begin "other features than last time: the windows before begin anew"
sed -i 's/previous, every: 5d }/previous, every: 5d, features: [{ name: i, get: category, of: intent }] }/' driftlead.yaml
expect_exit 3 driftlead drift before --now "$(at 34)" --json
json '[.reference.records, .current.records, .alpha] | @csv' '0,2000,0'
expect_exit 0 driftlead drift before --now "$(at 39)" --json
json '[.reference.records, .findings[0].feature] | @csv' '2000,"i"'

begin "an outage of the logs resolves nothing, two quiet windows do"
cat >outage.yaml <<END
store: outage.db
watches: { outage: { source: out/*.jsonl, window: 1d, reference: logs ref/*.jsonl } }
END
mkdir out
cp logs/25.jsonl out
expect_exit 1 driftlead drift outage -C outage.yaml --now "$(at 26)"
expect_exit 3 driftlead drift outage -C outage.yaml --now "$(at 27)"
expect_exit 3 driftlead drift outage -C outage.yaml --now "$(at 28)"
contains "$OUT" "incident #1 open since"
is "$(sqlite3 -readonly outage.db "SELECT count(*) FROM v_watch_profile")" 1
head -n 40 logs/28.jsonl >out/28.jsonl
driftlead drift outage -C outage.yaml --now "$(at 29)" >"$OUT"
contains "$OUT" "incident #1 open since"
cp logs/29.jsonl logs/30.jsonl out
driftlead drift outage -C outage.yaml --now "$(at 30)" >"$OUT"
contains "$OUT" "incident #1 open since"
driftlead drift outage -C outage.yaml --now "$(at 31)" >"$OUT"
contains "$OUT" "incident #1 resolved"

begin "due goes on after a watch that fails, and exits as the worst"
sed -i 's/january/june/' driftlead.yaml
expect_exit 2 driftlead due --run --now "$(at 44)" --json
json '[.due[] | .status] | @csv' '2,0'
json '.due[0].why | test("june")' true
json '.due[1].check.watch.name' before

begin "where records of a day are alike, days count and not records"
cat >blocks.yaml <<END
store: blocks.db
watches:
  two: { source: logs/*.jsonl, window: 2d, reference: logs ref/*.jsonl, block: 1d }
  five: { source: logs/*.jsonl, window: 5d, reference: logs ref/*.jsonl, block: 1d }
END
expect_exit 3 driftlead drift two -C blocks.yaml --now "$(at 26)"
contains "$OUT" "8 and 2 blocks of time"
expect_exit 1 driftlead drift five -C blocks.yaml --now "$(at 26)"
contains "$OUT" "incident #1 opened"

begin "files that were written before the window are not opened"
yes nonsense | head -n 100 >out/old.jsonl
expect_exit 2 driftlead drift outage -C outage.yaml --now "$(at 32)"
contains "$ERR" "cannot be read"
touch -d 2026-01-29 out/old.jsonl
driftlead drift outage -C outage.yaml --now "$(at 32)" >"$OUT" 2>"$ERR"
[ $? -eq 3 ] || fail "an old file was read" "$ERR"

begin "mistakes in a watch are all told, each with its place"
cat >bad.yaml <<END
watches:
  bad:
    sorce: x
    reference: suit x
    false_alarms: often
    format: openia
    redact: [email, fon]
    features: [ { name: a, get: lenght } ]
    tests: [ { feature: b, detector: kss } ]
  worse: { source: x, reference: suite x, season: hour }
END
expect_exit 2 driftlead list watches -C bad.yaml
for mistake in "bad.yaml:3:5: watch 'bad': unknown key 'sorce' (did you mean 'source'?)" \
	"'source' is missing" "bad.yaml:4:16: " "(did you mean 'suite'?)" "bad.yaml:5:19: " \
	"(did you mean 'openai'?)" "bad.yaml:7: " "(did you mean 'length'?)" "(did you mean 'ks'?)" \
	"none of its features is named 'b'" "needs a reference with times" "needs a 'window'"; do
	contains "$ERR" "$mistake"
done
expect_exit 2 driftlead drift befor
contains "$ERR" "did you mean 'before'?"
expect_exit 2 driftlead drift before --alpha 1% --seed 3 --now yesterday
contains "$ERR" "--alpha goes with two windows"
contains "$ERR" "--seed goes with two windows"
contains "$ERR" "--now 'yesterday' is no time"
expect_exit 2 driftlead drift logs/1.jsonl logs/2.jsonl --pin x
contains "$ERR" "--pin goes with a watch"

# Mornings are short, evenings are long: half a day is not like a day, but like other half days.
begin "half a day alarms against whole days, and with its hours not"
hours() {
	awk -v d="$2" -v n="$3" -v upto="$4" -v t0=$T0 -v day=$DAY 'BEGIN {
		srand(2000 + d)
		for (i = 0; i < n; i++) {
			share = (i + rand()) / n
			if (share * 24 < upto)
				printf "{\"id\":\"%d-%d\",\"time\":%.0f,\"words\":%d}\n", d, i,
				       t0 + d * day + int(day * share), 5 + 30 * share + 5 * rand()
		}
	}' >"$1"
}
mkdir days
for d in 1 2 3 4 5 6 7; do
	hours days/$d.jsonl $d 1000 24
done
hours half.jsonl 10 1000 12
cat >driftlead.yaml <<END
watches:
  plain: { source: half.jsonl, window: 1d, reference: logs days/*.jsonl }
  hours: { source: half.jsonl, window: 1d, reference: logs days/*.jsonl, season: hour }
  again: { source: half.jsonl, window: 12h, reference: pinned days, season: hour of week }
END
now=$(($(at 10) + DAY / 2))
expect_exit 1 driftlead drift plain --now $now
expect_exit 0 driftlead drift hours --now $now --json
json '.reference.records' 3500
contains "$OUT" '"words"'
sed -i 's/half.jsonl, window: 12h/days\/*.jsonl, window: 7d/' driftlead.yaml
expect_exit 0 driftlead drift again --pin days --now "$(at 8)"
is "$(rows "SELECT count(*) FROM v_watch_profile WHERE watch = 'again'")" 168
sed -i 's/days\/\*.jsonl, window: 7d/half.jsonl, window: 12h/' driftlead.yaml
driftlead drift again --now $now --json >"$OUT"
json '[.verdict == "FAIL", .reference.records < 510, .reference.records > 490] | @csv' false,true,true
sed -i 's/hour of week/weekday/' driftlead.yaml
expect_exit 2 driftlead drift again --now $((now + 1000))
contains "$ERR" "pin it anew"

begin "a log without times cannot be cut"
sed 's/"time"/"when"/' half.jsonl >timeless.jsonl
sed -i 's/plain: { source: half/plain: { source: timeless/' driftlead.yaml
expect_exit 2 driftlead drift plain --now $((now + DAY))
contains "$ERR" "none of the 500 records has a time"
sed -i 's/plain: {/plain: { fields: { time: when },/' driftlead.yaml
expect_exit 3 driftlead drift plain --now $((now + DAY + DAY))
expect_exit 0 driftlead doctor
contains "$OUT" "ok    watch plain"

finish
