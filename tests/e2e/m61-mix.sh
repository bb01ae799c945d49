#!/bin/sh
# A score falls from 81 % to 70 %: 5 points of that are traffic, 6 are the model.
. "${0%/*}/lib.sh"

# 200 cases of either slice; before, 180 and 120 of them are answered rightly, after, 160 and 120.
awk 'BEGIN { for (i = 1; i <= 400; i++)
	printf "{\"id\":\"c%d\",\"kind\":\"%s\",\"input\":\"question %d\",\"expect\":\"yes\"}\n", i, i <= 200 ? "easy" : "hard", i
}' >cases.jsonl
answers() {
	awk -v easy="$1" -v hard="$2" 'BEGIN { for (i = 1; i <= 400; i++)
		printf "{\"id\":\"c%d\",\"answer\":\"%s\"}\n", i, i <= easy || (i > 200 && i <= 200 + hard) ? "yes" : "no" }'
}
answers 180 120 >before.jsonl
answers 160 120 >after.jsonl
echo 'targets: { before: { protocol: replay, answers: before.jsonl }, after: { protocol: replay, answers: after.jsonl } }' >driftlead.yaml
suite 'slices: { by: kind, shares: { easy: 70%, hard: 30% } }' && mv suite.yaml spring.yaml
suite 'slices: { by: kind, shares: { easy: 50%, hard: 50% } }' && mv suite.yaml summer.yaml
expect_exit 0 driftlead run spring.yaml -t before -q
expect_exit 0 driftlead run summer.yaml -t after -q

begin "by the shares of two suites"
expect_exit 0 driftlead compare last last~1 --mix --json
json '.metrics[0].mix | [.from, .to, .change, .mix, .quality | . * 1e6 | round] | @csv' '810000,700000,-110000,-50000,-60000'
json '.metrics[0].mix.slices[] | select(.slice == "hard") | [.share_from, .share_to, .score_from, .score_to] | @csv' '0.3,0.5,0.6,0.6'
json '.metrics[0].mix | (.mix + .quality - .change) | . < 1e-12 and . > -1e-12' true
json '.metrics[0].mix | .quality_lo < -0.06 and -0.06 < .quality_hi and .quality_hi < -0.03' true
expect_exit 0 driftlead compare last last~1 --mix
contains "$OUT" "weighted by slice  81.0 % -> 70.0 %: -11.0 ["
contains "$OUT" "pt = mix -5.0 ["
contains "$OUT" "+ quality -6.0 ["
expect_exit 0 driftlead compare last~1 last --mix --json
json '.metrics[0].mix | [.mix, .quality | . * 1e6 | round] | @csv' '50000,60000'
expect_exit 0 driftlead compare last last~1 --json
json '.metrics[0] | has("mix")' false

begin "by the traffic of a log, and what of it nothing is known"
awk 'BEGIN { for (i = 0; i < 1000; i++) printf "{\"id\":\"%d\",\"kind\":\"%s\"}\n", i, i % 2 ? "easy" : "hard" }' >traffic.jsonl
expect_exit 0 driftlead compare after before --traffic traffic.jsonl --slice-field kind --json
json '.metrics[0].mix | [.from, .to, .mix, .quality | . * 1e6 | round] | @csv' '810000,700000,-50000,-60000'
json '.metrics[0].mix | [.records, .unsliced, .unseen] | @csv' '1000,0,0'
# Shares that were counted are less sure than those that were declared.
json '.metrics[0].mix | .mix_hi - .mix_lo > 0.01' true
awk 'BEGIN { for (i = 0; i < 100; i++) printf "{\"id\":\"n%d\"%s}\n", i, i % 2 ? ",\"kind\":\"new\"" : "" }' >>traffic.jsonl
expect_exit 0 driftlead compare after before --traffic 'traf*.jsonl'
contains "$OUT" "mix of 1100 records of traffic, 50 without a slice"
contains "$OUT" "4.8 % of it lies in slices without a case that counts"

begin "mistakes"
expect_exit 2 driftlead compare after before --traffic traffic.jsonl --slice-field team
contains "$ERR" "of 1100 records in 'traffic.jsonl' 0 have a slice in 'team'"
expect_exit 2 driftlead compare after before --slice-field kind
contains "$ERR" "--slice-field goes with --traffic"
expect_exit 2 driftlead compare after before --traffic nowhere.jsonl --slice-field kind
contains "$ERR" "nowhere.jsonl"
suite
expect_exit 0 driftlead run suite.yaml -t before -q
expect_exit 2 driftlead compare last last --mix
contains "$ERR" "has no slices"

finish
