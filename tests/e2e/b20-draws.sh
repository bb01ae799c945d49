#!/bin/sh
# Draws, repeats and filters: which cases are asked, how often, and what counts as one.
. "${0%/*}/lib.sh"

awk 'BEGIN { for (i = 1; i <= 400; i++) {
	kind = i % 10 == 0 ? "rare" : i % 2 ? "odd" : "even"
	printf "{\"id\":\"c%d\",\"input\":\"q %d\",\"expect\":\"q %d\",\"kind\":\"%s\",\"tags\":[\"t%d\",\"x\"]}\n",
		i, i, i, kind, i % 4 } }' >cases.jsonl
slices="slices: { by: kind, shares: { odd: 50%, even: 45%, rare: 5% } }"

drawn() {
	sqlite3 -readonly "$STORE" "select case_id from v_case where suite =
		(select suite from v_run order by id desc limit 1) order by 1"
}

run() {
	expect_exit 0 driftlead run suite.yaml -t echo -q
}

digest_of() {
	driftlead run suite.yaml -t echo --dry-run | sed -n 's/^digest //p'
}

echo "store: .driftlead/store.db" >driftlead.yaml

begin "a smaller draw is inside a larger one"
for size in 50 100 200; do
	suite "$slices" "size: $size" "seed: 7"
	run
	drawn >d$size
	is "$(wc -l <d$size | tr -d ' ')" $size
done
is "$(comm -23 d50 d100)" ""
is "$(comm -23 d100 d200)" ""

begin "in the shares of production"
same "select slice_name, count(*) from v_case where suite = (select max(suite) from v_run)
	group by 1 order by 1" "even|90
odd|100
rare|10"

begin "the order of the file does not matter, the seed does"
suite "$slices" "size: 100" "seed: 7"
before=$(digest_of)
sort -r cases.jsonl >other.jsonl
sed -i 's/cases.jsonl/other.jsonl/' suite.yaml
run
drawn >reordered
cmp -s d100 reordered || fail "another draw" d100 reordered
suite "$slices" "size: 100" "seed: 8"
run
drawn >reseeded
cmp -s d100 reseeded && fail "the seed draws nothing else"
[ "$(digest_of)" != "$before" ] || fail "another draw, but the same digest"

begin "a floor is kept, and weights undo it"
suite 'slices: { by: kind, shares: { odd: 50%, even: 45%, rare: 5% }, floor: { rare: 30 } }' \
	"size: 100" "seed: 7"
run
same "select count(*) from v_case where suite = (select max(suite) from v_run)
	and slice_name = 'rare'" 30
awk '{ sub(/"expect":"q [0-9]*","kind":"rare"/, "\"expect\":\"no\",\"kind\":\"rare\""); print }' \
	cases.jsonl >other.jsonl
sed -i 's/cases.jsonl/other.jsonl/' suite.yaml
expect_exit 0 driftlead run suite.yaml -t echo --json
json '[.estimates[] | select(.slice == null)][0] | .at * 1000 | round' 950
suite 'slices: { by: kind, shares: { odd: 50%, even: 45%, rare: 5% }, floor: { rare: 41 } }' \
	"size: 100"
expect_exit 2 driftlead run suite.yaml -t echo
contains "$ERR" "fewer than its floor of 41"

begin "more cases than there are is a mistake, with the line"
suite "size: 401"
expect_exit 2 driftlead run suite.yaml -t echo
contains "$ERR" "suite.yaml:5"
contains "$ERR" "400 cases, fewer than the size of 401"

begin "three repeats are three answers to one case"
suite "size: 40" "repeats: 3"
expect_exit 0 driftlead run suite.yaml -t echo --json
json '.run.answers' 120
json '.estimates[0].n' 40
stub - <<'END'
on any reply 200 text "yes", then 200 text "yes", then 200 text "no"
END
cp cases.jsonl all.jsonl
cases 12
suite "repeats: 3"
project
expect_exit 0 driftlead run suite.yaml -t stub --json
json '.estimates[0] | [.n, (.at * 3 | round)] | @csv' 12,2
is "$(stub_count total)" 36

begin "filters by id, slice, tag and what failed before"
mv all.jsonl cases.jsonl
suite "$slices"
run
for want in id:c1 1 id:c1* 111 slice:rare 40 tag:t1 100; do
	case $want in
	*:*) filter=$want; continue ;;
	esac
	expect_exit 0 driftlead run suite.yaml -t echo -f "$filter" --json
	json .run.answers "$want"
	json .run.filter "$filter"
done
expect_exit 0 driftlead run suite.yaml -t echo -f slice:rare -f tag:t2 --json
json .run.answers 20
expect_exit 2 driftlead run suite.yaml -t echo -f kind:rare
contains "$ERR" "id:GLOB, slice:NAME, tag:WORD, failed:RUN"
awk '{ sub(/"expect":"q 1[0-9]"/, "\"expect\":\"no\""); print }' cases.jsonl >other.jsonl
sed -i 's/cases.jsonl/other.jsonl/' suite.yaml
expect_exit 0 driftlead run suite.yaml -t echo --json
full=$(jq -r .run.id "$OUT")
expect_exit 0 driftlead run suite.yaml -t echo -f "failed:$full" --json
json .run.answers 10
json '.estimates[0].at' 0

begin "a filter that keeps nothing passes nothing"
driftlead run suite.yaml -t echo -f id:zzz >"$OUT" 2>"$ERR"
status=$?
[ $status -eq 2 ] || [ $status -eq 3 ] || fail "exit $status" "$OUT" "$ERR"

begin "a run of a part is no release"
suite "$slices" 'gates:' '  - { name: g, metric: right, rule: at-least, value: 10% }'
run
expect_exit 3 driftlead run suite.yaml -t echo -f slice:odd --json
json '.verdict.reason_code' filtered

begin "the digest moves with what can change a score, and with nothing else"
suite "size: 100"
base=$(digest_of)
moves() {
	[ "$(digest_of)" != "$base" ] || fail "$1: the digest stays"
}
suite "size: 100" 'prompt: "Say {{input}}"'; moves "the prompt"
suite "size: 100"; sed -i 's/scorer: exact/scorer: exact, fold: yes/' suite.yaml; moves "a parameter"
suite "size: 100" "seed: 1"; moves "the seed"
suite "size: 99"; moves "the size"
suite "size: 100" "repeats: 2"; moves "repeats"
suite "size: 100" 'gates:' '  - { name: g, metric: right, rule: at-least, value: 10% }'
is "$(digest_of)" "$base" "the digest with a gate"
suite "size: 100" "# a remark"
is "$(digest_of)" "$base" "the digest with a remark"
suite "size: 400"
base=$(digest_of)
cp cases.jsonl other.jsonl
sed -i 's/cases.jsonl/other.jsonl/' suite.yaml
is "$(digest_of)" "$base" "the digest of a copy"
sed -i 's/"q 399","expect"/"q 399!","expect"/' other.jsonl; moves "a case's text"
cp cases.jsonl other.jsonl
sed -i 's/"expect":"q 399"/"expect":"q 398"/' other.jsonl; moves "a case's expected answer"

finish
