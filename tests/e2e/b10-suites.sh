#!/bin/sh
# Suites and cases: what a case file may look like, and how its mistakes are told.
. "${0%/*}/lib.sh"

digest_of() {
	driftlead run "${1:-suite.yaml}" -t echo --dry-run 2>&1 | sed -n 's/^digest //p'
}

cases 20
suite

begin "a suite runs without a project file"
expect_exit 0 driftlead run suite.yaml -t echo --store s.db --json
json '.run.outcomes.answered' 20
json '.estimates[0] | [.metric, .at, .n] | @csv' '"right",0,20'
rm -f s.db*

begin "JSONL, CSV and TSV, plain, gzip and zstd, are one suite"
printf 'id,input,expect\r\n"a","one, ""two""\nthree",yes\r\nb,two,no\r\n' >cases.csv
printf 'id\tinput\texpect\na\tone, "two"\\nthree\tyes\nb\ttwo\tno\n' >cases.tsv
jq -nc '{id:"a",input:"one, \"two\"\nthree",expect:"yes"},{expect:"no",input:"two",id:"b"}' >x.jsonl
for f in cases.csv x.jsonl; do
	gzip -k $f
	zstd -q $f
done
for f in x.jsonl cases.csv cases.csv.gz cases.csv.zst x.jsonl.gz x.jsonl.zst; do
	sed "s/cases.jsonl/$f/" suite.yaml >s-$f.yaml
	is "$(digest_of s-$f.yaml)" "$(digest_of s-x.jsonl.yaml)" "the digest of $f"
done
is "$(digest_of s-x.jsonl.yaml | wc -c | tr -d ' ')" 65
# A TSV field cannot hold a line break; without it the three are one again.
printf 'id\tinput\texpect\nb\ttwo\tno\n' >t.tsv
printf 'id,input,expect\nb,two,no\n' >t.csv
for f in t.tsv t.csv; do
	sed "s/cases.jsonl/$f/" suite.yaml >s-$f.yaml
done
is "$(digest_of s-t.tsv.yaml)" "$(digest_of s-t.csv.yaml)"
cp cases.csv.gz odd-name
sed "s/cases.jsonl/odd-name/; s/^metrics/format: csv\n&/" suite.yaml >odd.yaml
is "$(digest_of odd.yaml)" "$(digest_of s-x.jsonl.yaml)" "the digest of a file whose name says nothing"

begin "fields by name and by JSON Pointer, and the expected answer extracted"
cat >deep.jsonl <<'END'
{"meta": {"key": "k1", "a/b": ["x", "How much?"]}, "solution": "It is 7.\n#### 7"}
{"meta": {"key": "k2", "a/b": ["x", "How many?"]}, "solution": "So 1,024\n#### 1,024"}
END
cat >deep.yaml <<'END'
suite: deep
cases: deep.jsonl
fields:
  id: /meta/key
  input: /meta/a~1b/1
  expect: { from: solution, extract: '#### (.*)' }
metrics:
  - { name: right, scorer: exact }
END
expect_exit 0 driftlead run deep.yaml -t echo --store s.db -q
is "$(driftlead export last --store s.db | jq -r '[.case, .answer, .expect[0]] | @csv')" \
	'"k1","How much?","7"
"k2","How many?","1,024"'
rm -f s.db*
sed 's/####/@@@@/' deep.jsonl >deep2.jsonl
sed 's/deep.jsonl/deep2.jsonl/' deep.yaml >deep2.yaml
expect_exit 2 driftlead run deep2.yaml -t echo --store s.db
contains "$ERR" "deep2.jsonl:1: "
contains "$ERR" "deep2.jsonl:2: "

begin "a case without an id is known by its content"
printf '{"input":"a","expect":"a"}\n{"input":"b","expect":"b"}\n' >noid.jsonl
sed 's/cases.jsonl/noid.jsonl/' suite.yaml >noid.yaml
expect_exit 0 driftlead run noid.yaml -t echo --store s.db -q
first=$(driftlead export last --store s.db | jq -r 'select(.input == "b").case')
is "${#first}" 32
sed -i '1d' noid.jsonl
expect_exit 0 driftlead run noid.yaml -t echo --store s.db -q
is "$(driftlead export last --store s.db | jq -r .case)" "$first"
rm -f s.db*

begin "a duplicate id names both lines"
{ cat cases.jsonl; echo '{"id":"c3","input":"again","expect":"x"}'; } >dup.jsonl
sed 's/cases.jsonl/dup.jsonl/' suite.yaml >dup.yaml
expect_exit 2 driftlead run dup.yaml -t echo --store s.db
contains "$ERR" "dup.jsonl:21: "
contains "$ERR" "line 3"

begin "all mistakes of a case file at once, with their lines"
cat >bad.jsonl <<'END'
{"id":"1","input":"x","expect":"a"}
{"id":"2","input":"x","expect":"a"
{"id":"3","inputt":"x","expect":"a"}

[1]
{"id":"6","input":"x","input":"y","expect":"a"}
END
cat >bad.yaml <<'END'
suite: bad
cases: bad.jsonl
fields: { input: input }
metrics:
  - { name: right, scorer: exact }
END
expect_exit 2 driftlead run bad.yaml -t echo --store s.db
for line in 2 3 5 6; do
	contains "$ERR" "bad.jsonl:$line"
done
lacks "$ERR" "bad.jsonl:1:"
is "$(sqlite3 s.db 'select count(*) from v_run')" 0
rm -f s.db*

begin "all mistakes of a suite file at once, with suggestions"
cat >wrong.yaml <<'END'
suite: wrong
casess: cases.jsonl
cases: cases.jsonl
slices:
  by: kind
  shares: { a: 50%, b: 48% }
metrics:
  - name: right
    scorer: exakt
  - name: other
    scorer: exact
    foldd: yes
gates:
  - name: g
    metric: other
    rule: at-least
    valeu: 90%
END
expect_exit 2 driftlead run wrong.yaml -t echo --store s.db
contains "$ERR" "did you mean 'cases'?"
contains "$ERR" "wrong.yaml:6"
contains "$ERR" "98 %, not 100 %"
contains "$ERR" "did you mean 'exact'?"
contains "$ERR" "did you mean 'fold'?"
contains "$ERR" "did you mean 'value'?"

begin "an unknown placeholder is found before the first request"
stub - <<'END'
on any reply 200 text "yes"
END
project
suite 'prompt: "{{inptu}}"'
expect_exit 2 driftlead run suite.yaml -t stub
contains "$ERR" "{{inptu}}"
is "$(stub_count total)" 0

begin "a value with {{x}} in it is not rendered again"
cat >cases.jsonl <<'END'
{"id":"a","input":"see {{expect}} and {{input}}","expect":"secret-answer"}
END
suite 'prompt: "Q: {{input}}"'
stub - <<'END'
on "Q: see {{expect}} and {{input}}\""  reply 200 text "as it was"
on any                                  reply 400
END
project
expect_exit 0 driftlead run suite.yaml -t stub -q
same "select text from v_completion" "as it was"

begin "lines of other endings, a mark at the start, no last newline"
printf '\357\273\277{"id":"a","input":"x","expect":"x"}\r\n\r\n{"id":"b","input":"y","expect":"y"}' >cases.jsonl
suite
expect_exit 0 driftlead run suite.yaml -t echo --store s.db --json
json '.estimates[0] | [.at, .n] | @csv' 1,2

begin "no cases at all are a mistake or no pass"
: >cases.jsonl
suite 'gates:' '  - { name: g, metric: right, rule: at-least, value: 0% }'
driftlead run suite.yaml -t echo --store s2.db >"$OUT" 2>"$ERR"
status=$?
[ $status -eq 2 ] || [ $status -eq 3 ] || fail "exit $status with no case" "$OUT" "$ERR"

begin "a case file that is missing, a folder, or outside the project is refused"
for f in nothing.jsonl . ../../etc/passwd /etc/passwd; do
	sed "s|cases.jsonl|$f|" suite.yaml >s.yaml
	expect_exit 2 driftlead run s.yaml -t echo --store s2.db
	contains "$ERR" "s.yaml:2"
done

finish
