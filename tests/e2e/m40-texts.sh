#!/bin/sh
# Texts of two windows, told apart by a classifier: what it finds in real questions and answers, what
# it does not, what a profile keeps of them, and texts that nobody should have to read.
. "${0%/*}/lib.sh"

printf 'features: [{ name: text, get: text, of: text }]\n' >texts.yaml

# of DETECTOR FILTER: what the last document says of the text by that detector.
of() {
	jq -r ".findings[] | select(.feature == \"text\" and .detector == \"$1\") | $2" "$OUT"
}

# drift A B [OPTIONS]: the document of a comparison of texts, whatever its verdict.
drift() {
	driftlead drift "$@" --features texts.yaml --json >"$OUT" 2>"$ERR"
	[ $? -ne 2 ] || fail "drift $*" "$ERR"
}

# requests NAME N SEED WORD: NAME.jsonl, texts of which every third ends in the word.
requests() {
	awk -v n="$2" -v seed="$3" -v word="$4" 'BEGIN {
		srand(seed)
		for (i = 1; i <= n; i++) {
			text = ""
			for (k = 0; k < 10; k++)
				text = text sprintf("%c%c%c%c ", 97 + 26 * rand(), 97 + 5 * rand(), 97 + 26 * rand(), 97 + 5 * rand())
			printf "{\"id\":\"%s-%d\",\"text\":\"%s%s\"}\n", seed, i, text, (i % 3 ? "" : word)
		}
	}' >"$1.jsonl"
}

requests a 800 1 ""
requests b 700 2 ""
requests word 700 3 "r\\u001b[31mefund\\u202e"

begin "windows alike pass, a new word is found and named, and nothing of it reaches a terminal"
drift a.jsonl b.jsonl
is "$(of classifier '.verdict == "FAIL"')" false
is "$(of classifier '[.unit, .tolerance, .n_reference, .n_current] | @csv')" '"AUC - 0.5",0.05,800,700'
expect_exit 1 driftlead drift a.jsonl word.jsonl --features texts.yaml
contains "$OUT" 'r\x1b[00mefund<U+202E>  0.0 % -> 33.3 %'
drift a.jsonl word.jsonl
is "$(of classifier '.verdict')" FAIL
is "$(of classifier '.changed[0].is * 100 | floor')" 33
driftlead drift a.jsonl word.jsonl --features texts.yaml -q --html page.html
contains page.html 'mefund'
contains page.html '33.3 %'

begin "the same on one thread and on many, and for another order of the files"
driftlead drift a.jsonl word.jsonl --features texts.yaml --json >one
DRIFTLEAD_THREADS=1 driftlead drift a.jsonl word.jsonl --features texts.yaml --json >two
cmp -s one two || fail "threads turn the answer" one two
head -n 300 word.jsonl >part2.jsonl
tail -n +301 word.jsonl >part1.jsonl
drift a.jsonl 'part*.jsonl'
jq -c .findings one >whole
jq -c .findings "$OUT" >split
cmp -s whole split || fail "split files turn the answer" whole split

begin "a stored profile holds no text unless told; then it is compared as the log is"
for w in a word; do
	driftlead profile $w.jsonl -f texts.yaml -o $w.profile -q
	driftlead profile $w.jsonl -f texts.yaml --keep-text -o $w-texts.profile -q
done
if grep -q efund word.profile; then fail "a profile holds a text"; fi
grep -q efund word-texts.profile || fail "a profile holds no text"
expect_exit 1 driftlead drift a-texts.profile word-texts.profile --json
is "$(of classifier .verdict)" FAIL
drift a.profile word.profile
is "$(of classifier .verdict)" ""
is "$(of ngrams .verdict)" FAIL
drift a.profile word.jsonl
is "$(of classifier .verdict)" ""
drift a.profile word.profile --test text=classifier
contains "$OUT" "make both profiles with --keep-text"
expect_exit 2 driftlead profile merge a.profile word-texts.profile -o both.profile
contains "$ERR" "one profile keeps texts, the other does not"
driftlead profile merge a-texts.profile word-texts.profile -o both.profile -q
driftlead profile a.jsonl word.jsonl -f texts.yaml --keep-text -o whole.profile -q
cmp -s both.profile whole.profile || fail "profiles of pieces do not add up"
expect_exit 2 driftlead profile a.jsonl -f texts.yaml --keep-text --sample 2001 -o x.profile
contains "$ERR" "lower --sample"

begin "what is redacted is in no text that is kept"
printf '{"id":"1","text":"write to jane@example.org"}\n' >mail.jsonl
driftlead profile mail.jsonl -f texts.yaml --keep-text --redact email -o mail.profile -q
if grep -q jane mail.profile; then fail "an address is kept"; fi
grep -q 'write to' mail.profile || fail "the rest of the text is not kept"

begin "empty texts, one byte, no UTF-8, a megabyte, and the same text in all"
awk 'BEGIN { for (i = 0; i < 200; i++) printf "{\"id\":\"%d\",\"text\":\"%s\"}\n", i, i % 2 ? "" : "x" }' >tiny.jsonl
awk 'BEGIN { for (i = 0; i < 200; i++) print "{\"id\":\"" i "\",\"text\":\"I cannot help with that.\"}" }' >same.jsonl
LC_ALL=C awk 'BEGIN { print "id,text"; for (i = 0; i < 200; i++) printf "%d,\377\200%c\303 w%d\n", i, 128 + i % 100, i }' >bytes.csv
awk 'BEGIN { for (s = "0123456789 "; length(s) < 1000000;) s = s s
	for (i = 0; i < 20; i++) print "{\"id\":\"" i "\",\"text\":\"" i s "\"}" }' >large.jsonl
for one in tiny.jsonl same.jsonl large.jsonl; do
	for other in a.jsonl same.jsonl $one; do
		drift $one $other
		is "$(jq -r '.findings | length' "$OUT")" 3
	done
done
drift same.jsonl same.jsonl
json .verdict PASS
expect_exit 2 driftlead drift bytes.csv a.jsonl --features texts.yaml
contains "$ERR" "bytes.csv:2: the record is not valid UTF-8"

DATA=${DRIFTLEAD_DATA:-$ROOT/../shared/data}
skip_without "$DATA/banking77/train.csv"

# halves SEED TYPOS: half.csv and other.csv, the records of the file at random; in the other letters
# of this share of longer words are swapped.  Fields over several lines are left out.
halves() {
	awk -v seed="$1" -v typos="$2" 'BEGIN { srand(seed) }
	NR == 1 { print >"half.csv"; print >"other.csv"; next }
	gsub(/"/, "\"") % 2 { next }
	rand() < 0.5 { print >"half.csv"; next }
	typos > 0 {
		n = split($0, word, " ")
		for (i = 1; i < n; i++)
			if (length(word[i]) > 3 && word[i] ~ /^[A-Za-z]+$/ && rand() < typos) {
				k = 1 + int((length(word[i]) - 1) * rand())
				word[i] = substr(word[i], 1, k - 1) substr(word[i], k + 1, 1) substr(word[i], k, 1) substr(word[i], k + 2)
			}
		$0 = word[1]
		for (i = 2; i <= n; i++)
			$0 = $0 " " word[i]
	}
	{ print >"other.csv" }' "$DATA/banking77/train.csv"
}

begin "questions of a bank: halves of a file are not told apart"
for seed in 1 2 3 4; do
	halves $seed 0
	drift half.csv other.csv
	is "$(jq -r '.verdict == "FAIL"' "$OUT")" false
done

begin "and with typing errors they are, by these errors"
halves 1 0.2
drift half.csv other.csv
is "$(of classifier .verdict)" FAIL
is "$(of classifier '.changed[:3] | map(.was < 0.001 and .is > 0.005) | all')" true
driftlead drift half.csv other.csv --features texts.yaml >"$OUT"
grep -Eq ' (crad|acrd|cadr|waht)  0\.' "$OUT" || fail "no typing error is named" "$OUT"

GSM=$DATA/gsm8k/example_model_solutions.jsonl
skip_without "$GSM"
# answers MODEL FILTER: the model's answers to the problems that the filter lets through.
answers() {
	jq -c --arg model "$1" "select($2) | { id: \"\\(input_line_number)\", text: .[\$model].solution }" "$GSM"
}

begin "answers to problems: another model's are told apart, odd and even problems of one model are not"
answers 6b_finetuning true >model.jsonl
for other in 6b_verification 175b_verification; do
	answers $other true >other.jsonl
	drift model.jsonl other.jsonl
	is "$(of classifier .verdict)" FAIL
done
answers 6b_finetuning 'input_line_number % 2 == 0' >even.jsonl
answers 6b_finetuning 'input_line_number % 2 == 1' >odd.jsonl
drift even.jsonl odd.jsonl
is "$(of classifier '.verdict == "FAIL"')" false

finish
