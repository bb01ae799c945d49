#!/bin/sh
# What CI systems read: JUnit, SARIF, Markdown, Code Quality, annotations; with a model, a case file
# and a suite that would like to be obeyed.
. "${0%/*}/lib.sh"

unset GITHUB_WORKSPACE GITHUB_STEP_SUMMARY GITHUB_OUTPUT GITHUB_ACTIONS CI_PROJECT_DIR WORKSPACE

# ---- a hostile project --------------------------------------------------------------------------

EVIL='</script><script>alert(1)</script> | `` ` ``` \| @admin #1 ![x](http://evil.example/p.png)'
EVIL="$EVIL"' [l](javascript:1) <img src=x> www.evil.example https://evil.example ]]> &amp; %0A::error::x'
CASES='ca|s`es #1%,:\
.jsonl'
CASES_URI='suites/ca%7Cs%60es%20%231%25%2C%3A%5C%0A.jsonl'
mkdir suites .git
jq -nc --arg evil "$EVIL" 'range(60) | {id: (if . < 20 then "c\(.)\n::error::from an id|`\($evil)\u202e\u0007"
	else "c\(.)" end), input: "q\(.)", expect: "yes",
	part: (if . % 2 == 0 then "even\n::warning::from a slice|`" else "odd" end)}' >"suites/$CASES"
# The baseline is right but for two; the candidate is wrong 30 times, in many ways.
jq -c --arg evil "$EVIL" '{id, answer: (if .input == "q50" then "no" else "yes" end)}' \
	"suites/$CASES" >base.jsonl
awk 'BEGIN { while (n++ < 16384) printf "0123456789abcdef0123456789abcdef0123456789`|<>\\n::error::long"}' >long
jq -c --arg evil "$EVIL" --rawfile long long '{id, answer: (.input[1:] | tonumber |
	if . == 0 then $long
	elif . == 1 then "a\u0000b\u001b[31m\r\n::set-output name=x::y\n  ::error::led by blanks\n##[error]old"
	elif . == 2 then "\u202eevil\u2066\u200f\ufffe\u0085"
	elif . == 3 then "`"
	elif . == 4 then " ``"
	elif . == 5 then ""
	elif . == 6 then "\\|"
	elif . < 30 then "\($evil)\n::error::\(.)"
	else "yes" end)}' "suites/$CASES" >answers.jsonl
cat >driftlead.yaml <<'YAML'
targets:
  base: { protocol: replay, answers: base.jsonl }
  "cand|`@x": { protocol: replay, answers: answers.jsonl }
YAML
cat >suites/suite.yaml <<'YAML'
suite: "smo|ke`@all"
cases: "ca|s`es #1%,:\\\n.jsonl"
slices: { by: part }
metrics:
  - { name: "ri|ght`", scorer: exact }
gates:
  - { name: "fine", metric: "ri|ght`", rule: at-least, value: 1% }
  - name: "good\n::error::gate|`<b>@all ]]> 100% a:b,c"
    metric: "ri|ght`"
    rule: at-least
    value: 90%
  - { name: unsure, metric: "ri|ght`", rule: at-least, value: 50% }
YAML

all_outputs="--junit o.xml --sarif o.sarif --markdown o.md --gitlab o.json"

begin "run, gate and report write the same files, and the verdict stays what it is"
driftlead run suites -t base -q >/dev/null 2>&1
# shellcheck disable=SC2086
expect_exit 1 driftlead run suites -t 'cand|`@x' -q -b 1 $all_outputs
for f in o.xml o.sarif o.md o.json; do
	mv $f run-$f || fail "run does not write $f"
done
# shellcheck disable=SC2086
expect_exit 1 driftlead gate last -b 1 -q $all_outputs
for f in o.xml o.sarif o.md o.json; do
	cmp -s $f run-$f || fail "gate does not write what run wrote" $f
	rm -f $f
done
# shellcheck disable=SC2086
expect_exit 0 driftlead report last $all_outputs
[ ! -s "$OUT" ] || fail "report prints the page although files were asked for"
for f in o.xml o.sarif o.md o.json; do
	cmp -s $f run-$f || fail "report does not write what run wrote" $f
done
expect_exit 0 driftlead report last -o page.html --sarif again.sarif --json
json .file page.html
cmp -s o.sarif again.sarif || fail "the page changes the file"
expect_exit 0 driftlead report last --sarif again.sarif --json
json .file ""

expect_exit 2 driftlead report last --github -o -
contains "$ERR" "standard output"
expect_exit 2 driftlead gate last --github --json
expect_exit 2 driftlead run suites -t base --sarif - --markdown -

begin "a file that cannot be written is said, and the others are written"
rm -f o.json
expect_exit 4 driftlead gate last -b 1 -q --sarif nowhere/o.sarif --gitlab o.json
contains "$ERR" "nowhere/o.sarif"
cmp -s o.json run-o.json || fail "the other file is not there"
cp o.json old.json
(ulimit -f 1 && trap '' XFSZ && driftlead report 2 -b 1 --gitlab o.json >"$OUT" 2>"$ERR")
is $? 4 "the exit status on a full disk"
contains "$ERR" "cannot write 'o.json'"
cmp -s o.json old.json || fail "half a file replaced the old one"
[ -z "$(find . -name '*.tmp')" ] || fail "a half file is left"

# ---- JUnit --------------------------------------------------------------------------------------

begin "JUnit: counts, places, and nothing that is not XML"
if command -v xmllint >/dev/null; then
	expect_exit 0 xmllint --noout o.xml
	xpath() { xmllint --xpath "string($1)" o.xml 2>/dev/null; }
	is "$(xpath 'count(//testcase)')" 63
	is "$(xpath 'count(//failure)')" 32
	is "$(xpath 'count(//testcase[@classname="gate"])')" 3
	is "$(xpath '//testcase[@line="2"]/@file' | sed 's/ca.*//')" suites/
fi
grep -q "$(printf '[\001-\010\013\014\016-\037]')" o.xml && fail "control bytes in o.xml"
lacks o.xml ']]>'
lacks o.xml '<script'

# ---- SARIF --------------------------------------------------------------------------------------

# What the schema of SARIF 2.1.0 asks of the members that are used.
sarif_faults() {
	jq -r '
	def only($k): (keys - $k)[] | "unknown member \(.)";
	def need($k): ($k - keys)[] | "no member \(.)";
	def text: only(["text"]), need(["text"]), (if (.text | type) != "string" or .text == "" then "no text" else empty end);
	def level: if IN("none", "note", "warning", "error") then empty else "level \(.)" end;
	def whole: if type == "number" and . == floor then empty else "no whole number: \(.)" end;
	only(["$schema", "version", "runs"]), need(["version", "runs"]),
	(if .version != "2.1.0" then "version" else empty end),
	(.runs[] |
		only(["tool", "results", "invocations", "automationDetails", "properties"]),
		need(["tool", "results"]),
		(.tool | only(["driver"]), need(["driver"])),
		(.tool.driver | only(["name", "semanticVersion", "rules"]), need(["name"]),
			(.rules | if (map(.id) | unique | length) != length then "rules of one id" else empty end),
			(.rules[] | only(["id", "name", "shortDescription", "fullDescription", "help",
				"defaultConfiguration", "properties"]), need(["id"]),
				(.shortDescription, .fullDescription, .help | text),
				(.defaultConfiguration | only(["level"]), (.level | level)))),
		(.automationDetails | only(["id"])),
		(.invocations[] | only(["executionSuccessful", "startTimeUtc", "endTimeUtc",
			"toolExecutionNotifications"]), need(["executionSuccessful"]),
			(if (.executionSuccessful | type) != "boolean" then "no boolean" else empty end),
			((.startTimeUtc, .endTimeUtc) |
				if test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$") then empty else "time \(.)" end),
			(.toolExecutionNotifications // [] | .[] | only(["level", "message"]),
				need(["message"]), (.message | text), (.level | level))),
		(.tool.driver.rules as $rules | .results[] |
			only(["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints",
				"properties"]), need(["message"]),
			(if $rules[.ruleIndex].id != .ruleId then "ruleIndex \(.ruleIndex) is not \(.ruleId)" else empty end),
			(.level | level), (.message | text),
			(.locations | if length != 1 then "locations" else empty end),
			(.locations[] | only(["physicalLocation"]),
				(.physicalLocation | only(["artifactLocation", "region"]),
					(.artifactLocation | only(["uri", "uriBaseId"]), need(["uri"]),
						(.uri | if test("^(file:///)?[A-Za-z0-9._~%/-]+$") and
							(test("%(?![0-9A-F]{2})") | not) then empty else "uri \(.)" end)),
					(.region | only(["startLine"]), (.startLine | whole,
						if . < 1 then "line \(.)" else empty end)))),
			(.partialFingerprints[] | if type == "string" then empty else "fingerprint" end)))' "$1"
}

begin "SARIF: what the schema asks for"
sarif_faults o.sarif >faults
[ ! -s faults ] || fail "o.sarif" faults
jq '.runs[0].results[0].level = "bad" | .runs[0].results[1].locations[0].physicalLocation.region.startLine = 0 |
	.runs[0].extra = 1 | .runs[0].results[2].ruleIndex = 0' o.sarif >bad.sarif
is "$(sarif_faults bad.sarif | wc -l | tr -d ' ')" 4 "the number of faults that are seen"
json '.runs[0].tool.driver.rules | length' 6 o.sarif
json '[.runs[0].results[] | select(.ruleId | startswith("gate/"))] | length' 2 o.sarif
json '[.runs[0].results[] | select(.ruleId == "case/wrong")] | length' 30 o.sarif
json '.runs[0].results[0] | [.level, .locations[0].physicalLocation.artifactLocation.uri,
	.locations[0].physicalLocation.region.startLine] | @csv' '"error","suites/suite.yaml",8' o.sarif
json '[.runs[0].results[].locations[0].physicalLocation | select(.artifactLocation.uri == "'"$CASES_URI"'") |
	.region.startLine] | sort | [.[0], .[-1], length] | @csv' 1,30,30 o.sarif
json '[.runs[0].results[].message.text | length] | max <= 2000' true o.sarif
json '[.runs[0].results[].message.text | select(test("(?<!\\\\)[\\[\\]]"))] | length' 0 o.sarif
grep -q "$(printf '[\001-\011\013-\037\177]')" o.sarif && fail "control bytes in o.sarif"

begin "SARIF: fingerprints are those of the cases, whatever the run, the target and the lines"
driftlead run suites -t 'cand|`@x' -q --fresh -b 1 --sarif second.sarif >/dev/null 2>&1
for f in o second; do
	jq -S '[.runs[0].results[] | [.ruleId, .partialFingerprints]]' $f.sarif >$f.prints
done
cmp -s o.prints second.prints || fail "another run has others" o.prints second.prints
jq '[.[][1].primaryLocationLineHash] | unique | length' o.prints >"$OUT"
is "$(cat "$OUT")" 32 "the number of fingerprints that differ"
sed '1{h;d};$G' "suites/$CASES" >moved && cp moved "suites/$CASES"
driftlead run suites -t 'cand|`@x' -q --fresh --sarif moved.sarif >/dev/null 2>&1
jq -S '[.runs[0].results[] | [.ruleId, .partialFingerprints]] | sort' moved.sarif >moved.prints
jq -S sort o.prints >o.sorted
cmp -s o.sorted moved.prints || fail "other lines give other fingerprints"
cmp -s o.sarif moved.sarif && fail "the lines did not move"

# ---- Code Quality -------------------------------------------------------------------------------

begin "Code Quality: members, paths, one fingerprint each"
json 'length' 32 o.json
json '[.[] | keys] | unique | tojson' '[["check_name","description","fingerprint","location","severity"]]' o.json
json '[.[].fingerprint] | unique | length' 32 o.json
json '[.[].severity] | unique | join(" ")' "blocker major" o.json
json '[.[].location.path] | unique | map(@json) | join(" ")' \
	'"suites/ca|s`es #1%,:\\\n.jsonl" "suites/suite.yaml"' o.json
json '[.[].location.lines.begin] | min >= 1' true o.json
json '[.[].description | select(test("[\\x00-\\x1f\\x7f]"))] | length' 0 o.json

# ---- Markdown -----------------------------------------------------------------------------------

# Takes the code spans away as CommonMark finds them; says which lines could be more than text.
markdown_faults() {
	awk '
	function strip(line,   out, n, rest, at, code) {
		out = ""
		while (match(line, /`+/)) {
			n = RLENGTH
			out = out substr(line, 1, RSTART - 1)
			rest = substr(line, RSTART + n)
			at = 0; code = ""
			while (match(rest, /`+/)) {
				code = code substr(rest, 1, RSTART - 1)
				if (RLENGTH == n) { at = 1; rest = substr(rest, RSTART + n); break }
				code = code substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
			}
			if (!at) print NR ": a code span without an end"
			if (code ~ /^\|/ || code ~ /[^\\]\|/ || code ~ /\\\\\|/) print NR ": a bar in a code span"
			out = out "C"
			line = rest
		}
		return out line
	}
	{
		plain = strip($0)
		if (plain ~ /[<>@#]/ && plain !~ /^##* /) print NR ": markup: " plain
		if (plain ~ /:\/\/|www\.|!\[|\]\(/) print NR ": a link: " plain
		if ($0 ~ /[\001-\010\013-\037\177]/) print NR ": a control byte"
		n = gsub(/\|/, "|", plain)
		if (n > 0 && bars > 0 && n != bars) print NR ": " n " bars, not " bars
		bars = n
	}' "$1"
}

begin "Markdown: tables hold, and nothing in them is markup"
markdown_faults o.md >faults
[ ! -s faults ] || fail "o.md" faults
printf '| `a` | <b> |\n| `a\\\\| b` | c | [x](y) |\n' >bad.md
is "$(markdown_faults bad.md | wc -l | tr -d ' ')" 4 "the number of faults that are seen"
is "$(head -c 8 o.md)" "## FAIL:"
contains o.md '<U+202E>evil<U+2066><U+200F>'
contains o.md '0123456789'
is "$(grep -c '| worse |' o.md)" 30 "the cases that got worse"
is "$(wc -c <o.md | awk '{ print ($1 < 20000) }')" 1 "whether a long answer is cut"

# ---- GitHub -------------------------------------------------------------------------------------

# The lines that the runner would obey: those outside of stop-commands.
commands() {
	awk '{ line = $0; sub(/^[ \t]*/, "", line) }
	token != "" { if (line == "::" token "::") token = ""; next }
	line ~ /^::stop-commands::/ { token = substr(line, 18); next }
	line ~ /^::/ { print line }
	/##\[/ && line !~ /^::/ { print "old: " line }' "$1"
}

begin "GitHub: commands are ours, ten of a kind at most"
expect_exit 1 driftlead gate 2 -b 1 --github
contains "$OUT" "::error::gate"
commands "$OUT" >seen
grep -vE '^::(error|warning|notice) file=[^:]*,title=[^:]*::[^:]' seen >faults
[ ! -s faults ] || fail "lines that are no annotation" faults
is "$(grep -c '^::error' seen)" 2 "the errors"
is "$(grep -c '^::notice' seen)" 1 "the notices"
is "$(grep -c '^::warning' seen)" 10 "the warnings"
is "$(grep '^::warning' seen | tail -n 1 | grep -c 'title=and 22 more::')" 1 "the rest"
contains seen "::error file=suites/suite.yaml,line=8,title=FAIL%3A gate 'good"
contains seen 'file=suites/ca|s`es #1%25%2C%3A\%0A.jsonl,line=1,'
is "$(head -n 1 "$OUT" | cut -c1-17)" "::stop-commands::"
head -n 1 "$OUT" >first
driftlead gate 2 -b 1 --github | head -n 1 | cmp -s - first && fail "the token can be guessed"
expect_exit 1 driftlead gate 2 -b 1 --github -q
commands "$OUT" >quiet
cmp -s seen quiet || fail "--quiet changes the annotations"
is "$(grep -c stop-commands "$OUT")" 0 "brackets around nothing"

begin "GitHub: the summary and the outputs of the step"
echo "before" >summary
: >outputs
expect_exit 1 env GITHUB_STEP_SUMMARY=summary GITHUB_OUTPUT=outputs driftlead gate 2 -b 1 -q --github
is "$(head -n 1 summary)" before
sed 1d summary >added
cmp -s added o.md || fail "the summary is not what --markdown writes" added
awk '/<</ { split($0, a, "<<"); getline v; getline e; if (e == a[2]) print a[1] "=" v }' outputs >values
is "$(head -n 1 values)" "verdict=FAIL"
contains values "reason_code=bound_missed"
contains values "run=2"
contains values "base=1"
is "$(wc -l <values | tr -d ' ')" 5 "the outputs"
awk 'BEGIN { while (n++ < 99000) printf "0123456789" }' >summary
expect_exit 1 env GITHUB_STEP_SUMMARY=summary driftlead gate 2 -b 1 -q --github
is "$(wc -c <summary | awk '{ print ($1 <= 1000000) }')" 1 "whether the summary stays below its limit"
contains summary "this step's summary is full"
echo before >summary
(ulimit -f 1 && trap '' XFSZ && GITHUB_STEP_SUMMARY=summary &&
	export GITHUB_STEP_SUMMARY && driftlead report 2 -b 1 --github >"$OUT" 2>"$ERR")
is $? 4 "the exit status when the summary cannot grow"
contains "$ERR" "cannot write 'summary'"
is "$(cat summary)" before "half a summary"
expect_exit 4 env GITHUB_STEP_SUMMARY=nowhere/summary driftlead gate 2 -b 1 -q --github
contains "$ERR" nowhere/summary

begin "files are named from where the repository was checked out"
expect_exit 1 env GITHUB_WORKSPACE="$SCRATCH" driftlead gate 2 -b 1 -q --github --gitlab deep.json
contains "$OUT" "file=here/suites/suite.yaml"
json '.[0].location.path' here/suites/suite.yaml deep.json
expect_exit 1 env CI_PROJECT_DIR=/nowhere driftlead gate 2 -b 1 -q --gitlab deep.json
json '.[0].location.path' suites/suite.yaml deep.json

expect_exit 1 driftlead run "$PWD/suites" -t 'cand|`@x' -q --fresh --sarif deep.sarif
json '.runs[0].results[0].locations[0].physicalLocation.artifactLocation | [.uri, .uriBaseId] | @csv' \
	'"suites/suite.yaml","%SRCROOT%"' deep.sarif
(cd "$TMPDIR" && driftlead gate last --store "$STORE" -q --sarif deep.sarif >/dev/null 2>&1)
json '.runs[0].results[0].locations[0].physicalLocation.artifactLocation | [.uri, .uriBaseId] | tojson' \
	"[\"file://$PWD/suites/suite.yaml\",null]" "$TMPDIR/deep.sarif"
sarif_faults "$TMPDIR/deep.sarif" >faults
[ ! -s faults ] || fail "absolute paths" faults

# ---- what is not judged, not whole, not a word --------------------------------------------------

begin "bytes that are not UTF-8 go nowhere as they are"
grep '"id":"c[0-9]*"' "suites/$CASES" >cases.jsonl
printf 'suite: bytes\ncases: cases.jsonl\nmetrics:\n  - { name: right, scorer: exact }\n' >suite.yaml
stub - <<'PLAY'
on any reply 200 bytes "{\"choices\":[{\"message\":{\"content\":\"no \xff\xfe\xc0\"},\"finish_reason\":\"stop\"}]}"
PLAY
echo "  bytes: { protocol: openai, url: '$STUB_URL', model: m }" >>driftlead.yaml
# shellcheck disable=SC2086
expect_exit 0 driftlead run suite.yaml -t bytes --github $all_outputs
for f in o.xml o.sarif o.json o.md "$OUT"; do
	iconv -f UTF-8 -t UTF-8 "$f" >/dev/null 2>&1 || fail "${f##*/} is not UTF-8"
done
contains o.md "$(printf '`no \357\277\275\357\277\275\357\277\275`')"
jq -e . o.sarif o.json >/dev/null || fail "what should be JSON is not"

begin "a run without gates says so"
contains "$OUT" "::warning file=suite.yaml,title=not judged"
is "$(head -n 1 o.md | cut -c1-14)" "## Not judged:"
json '.runs[0].properties.verdict' "not judged" o.sarif
sarif_faults o.sarif >faults
[ ! -s faults ] || fail "o.sarif" faults

begin "a verdict of PASS is a notice, and no case is blamed"
cp driftlead.yaml kept.yaml
expect_exit 0 driftlead init pass -q
cd pass || exit 4
expect_exit 0 driftlead run suites/tickets -t nearest --github --sarif o.sarif --gitlab o.json -q
is "$(grep -c '^::notice' "$OUT")" 4 "the notices"
is "$(grep -c '^::' "$OUT")" 4 "the annotations"
json '[.runs[0].results[] | select(.ruleId | startswith("gate/"))] | length' 0 o.sarif
json '[.runs[0].results[].level] | unique | join(" ")' note o.sarif
json '[.[].severity] | unique | join(" ")' minor o.json
cd .. || exit 4

begin "an advisory gate stops nothing"
cat >>pass/suites/tickets/suite.yaml <<'YAML'
  - { name: dream, metric: label, rule: at-least, value: 99%, advisory: yes }
  - { name: rare, metric: label, rule: guardrail, value: 1%, advisory: yes }
YAML
cd pass || exit 4
# shellcheck disable=SC2086
expect_exit 0 driftlead gate last --suite suites/tickets -q --github $all_outputs
is "$(grep -c '^::warning' "$OUT")" 2 "the warnings"
is "$(grep -c '^::error' "$OUT")" 0 "the errors"
grep -q '<testsuite name="tickets gates" tests="5" failures="0" errors="0" skipped="2"' o.xml ||
	fail "the gates of o.xml" o.xml
json '[.runs[0].results[] | select(.ruleId | startswith("gate/")) | .level] | unique | join(" ")' \
	warning o.sarif
json '.[0].severity' major o.json
is "$(grep -c '^| FAIL (advisory) |' o.md)" 2 "the advisory gates"
cd .. || exit 4

begin "what is too much is left out, and said"
awk 'BEGIN { while (n++ < 5200) printf "{\"id\":\"m%d\",\"input\":\"q\",\"expect\":\"yes\"}\n", n }' >cases.jsonl
jq -c '{id, answer: "no [\(.id)](x) {0}"}' cases.jsonl >many.jsonl
cat >>driftlead.yaml <<'YAML'
  many: { protocol: replay, answers: many.jsonl }
YAML
suite "gates:" "  - { name: g, metric: right, rule: at-least, value: 50% }"
# shellcheck disable=SC2086
expect_exit 1 driftlead run suite.yaml -t many -q --github $all_outputs
json '.runs[0].results | length' 5000 o.sarif
json '.runs[0].invocations[0].toolExecutionNotifications[0].message.text | split(",")[0]' \
	"4999 of 5200 failing cases have a result here" o.sarif
json '.runs[0].results[1].message.text | contains("no \\[m1\\](x) {{0}}")' true o.sarif
sarif_faults o.sarif >faults
[ ! -s faults ] || fail "o.sarif" faults
json '[length, .[-1].check_name, .[-1].severity] | @csv' '5001,"case/left-out","info"' o.json
json '.[-1].description | split(",")[0]' "4999 of 5200 failing cases are listed" o.json
contains o.xml '<property name="cases.left_out" value="200"/>'
contains o.md "and 5150 more cases."
contains "$OUT" "title=and 5191 more::"
is "$(wc -c <o.md | awk '{ print ($1 < 200000) }')" 1 "whether the summary is short"

finish
