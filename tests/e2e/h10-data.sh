#!/bin/sh
# Recorded answers of real models, with their authors' own verdicts as the oracle.
. "${0%/*}/lib.sh"

DATA=${DRIFTLEAD_DATA:-$ROOT/../shared/data}
skip_without "$DATA/gsm8k/example_model_solutions.jsonl"

models="6b_finetuning 6b_verification 175b_finetuning 175b_verification"
{
	echo "data_roots: ['$DATA']"
	echo "targets:"
	for m in $models; do
		echo "  m$m: { protocol: replay, answers: '$DATA/gsm8k/example_model_solutions.jsonl',"
		echo "         match: question, answer: /$m/solution }"
	done
	echo "  nearest: { protocol: nearest, train: '$DATA/banking77/train.csv', label: category }"
} >driftlead.yaml
cat >suite.yaml <<END
suite: gsm8k
cases: $DATA/gsm8k/test.jsonl
fields:
  input: question
  expect: { from: answer, extract: '#### (.*)' }
metrics:
  - { name: right, scorer: number }
gates:
  - { name: holds, metric: right, rule: no-worse, margin: 2% }
END

run() {
	driftlead run suite.yaml -t "m$1" --json >"$OUT" 2>"$ERR"
	driftlead export last | jq -r '[.input, .scores.right] | @tsv' | sort >scores
	jq -r --arg m "$1" '[.question, (if .[$m].is_correct then 1 else 0 end)] | @tsv' \
		"$DATA/gsm8k/example_model_solutions.jsonl" | sort >oracle
	is "$(wc -l <scores | tr -d ' ')" 1319
	is "$(diff scores oracle | grep -c '^<')" 0 "the disagreements with the oracle on $1"
}

right() {
	sqlite3 -readonly "$STORE" "select sum(value), count(*) from v_score where run = (select max(id) from v_run)"
}

begin "each of four models is right where its authors say so"
# The worst first: it is nobody's baseline yet.
for want in 6b_finetuning 286 6b_verification 515 175b_finetuning 458 175b_verification 742; do
	case $want in
	*_*) model=$want; continue ;;
	esac
	run "$model"
	is "$(right)" "$want.0|1319" "what $model got right"
	eval "run_$model=$(jq .run.id "$OUT")"
done

begin "a better release passes, the way back fails, oneself is no change"
for names in "m175b_verification m175b_finetuning" "m175b_finetuning m175b_verification" "m6b_verification m6b_verification"; do
	set -- $names
	case $1 in m175b_v*) want=0 ;; m175b_f*) want=1 ;; *) want=0 ;; esac
	expect_exit $want driftlead gate "$1" -b "$2" --json
	case $1 in
	m175b_v*) json '.verdict | [.verdict, .table.n11, .table.b, .table.c, .table.n00] | @csv' '"PASS",382,76,360,501' ;;
	m175b_f*) json '.verdict | [.verdict, .table.n11, .table.b, .table.c, .table.n00] | @csv' '"FAIL",382,360,76,501' ;;
	*) json '.verdict | [.verdict, .table.b, .table.c] | @csv' '"PASS",0,0' ;;
	esac
done

# oracle CANDIDATE BASE: n11 b c n00, McNemar's mid-p of a loss, and the verdicts of no-worse at 2
# points and of better, from the authors' own columns and the formulas of the papers.
oracle() {
	jq -r --arg a "$1" --arg b "$2" '[.[$a].is_correct, .[$b].is_correct] | map(if . then 1 else 0 end) |
		@tsv' "$DATA/gsm8k/example_model_solutions.jsonl" | awk '
	function midp(b, c,    n, k, pmf, sum) {
		n = b + c
		for (k = 0; k <= n; k++) {
			pmf = k == 0 ? exp(-n * log(2)) : pmf * (n - k + 1) / k
			sum += k > b ? pmf : k == b ? pmf / 2 : 0
		}
		return sum
	}
	function tango(b, c, n, d,    B, C, q) {
		B = -(b + c) + (2 * n + b - c) * d
		C = -b * d * (1 - d)
		q = (sqrt(B * B - 8 * n * C) - B) / (4 * n)
		return (c - b - n * d) / sqrt(n * (2 * q + d * (1 - d)))
	}
	{ if ($1 && $2) n11++; else if ($2) b++; else if ($1) c++; else n00++; n++ }
	END {
		z = 1.6448536269514722
		p = midp(b, c)
		holds = tango(b, c, n, -0.02) > z ? "PASS" : \
			p < 0.05 && (c - b) / n <= -0.02 ? "FAIL" : "INCONCLUSIVE"
		better = (c - b) / sqrt(b + c) > z ? "PASS" : p < 0.05 ? "FAIL" : "INCONCLUSIVE"
		printf "%d,%d,%d,%d %.9e %s %s\n", n11, b, c, n00, p, holds, better
	}'
}

begin "six pairs of models, both ways: tables, p-values and verdicts by the formulas"
pairs=0
for a in $models; do
	for b in $models; do
		[ "$a" != "$b" ] || continue
		pairs=$((pairs + 1))
		sed 's/rule: no-worse, margin: 2%/rule: better/' suite.yaml >better.yaml
		driftlead gate "m$a" -b "m$b" --json >"$OUT" 2>"$ERR"
		holds=$(jq -r '.verdict | "\(.table.n11),\(.table.b),\(.table.c),\(.table.n00) \(.p_regression) \(.verdict)"' "$OUT")
		driftlead gate "m$a" -b "m$b" --suite better.yaml --json >"$OUT" 2>"$ERR"
		echo "$holds $(jq -r .verdict.verdict "$OUT") $(oracle "$a" "$b")" |
			awk '{ exit !($1 == $5 && $3 == $7 && $4 == $8 && ($2 - $6) ^ 2 <= (1e-8 * $6) ^ 2 + 1e-300) }' ||
			fail "$a against $b: $holds, not $(oracle "$a" "$b")"
	done
done
is $pairs 12

begin "compare says the same"
expect_exit 0 driftlead compare m175b_verification m175b_finetuning --json --flips 1000
json '.metrics[0].rows[0] | [.n11, .regressions, .fixes, .n00] | @csv' 382,76,360,501

skip_without "$DATA/banking77/test.csv"
begin "3,080 questions of a bank's customers, by the nearest of 10,003"
cat >bank.yaml <<END
suite: bank
cases: $DATA/banking77/test.csv
fields: { input: text, expect: category }
slices: { by: category }
metrics:
  - { name: label, scorer: exact }
gates:
  - { name: useful, metric: label, rule: at-least, value: 75% }
END
expect_exit 0 driftlead run bank.yaml -t nearest --json
json '.run.answers' 3080
is "$(jq '.estimates[0].at >= 0.75' "$OUT")" true "whether three quarters are right"
is "$(jq '[.estimates[] | select(.slice != null)] | length' "$OUT")" 77 "the number of slices"

finish
