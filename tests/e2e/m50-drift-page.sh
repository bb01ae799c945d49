#!/bin/sh
# The page of a drift: what changed and what to do first, in one file, however hostile the names and
# however many the features.
. "${0%/*}/lib.sh"

# traffic FILE N SEED WORDS REFUNDS: N requests with so many words on average, and this share of
# refunds in per cent.
traffic() {
	awk -v n="$2" -v seed="$3" -v words="$4" -v refunds="$5" 'BEGIN {
		srand(seed)
		for (i = 1; i <= n; i++) {
			text = "order"
			for (k = 2 * words * rand(); k >= 1; k--)
				text = text " w" int(50 * rand())
			intent = rand() < 0.5 ? "shipping" : "account \\\"x\\\" & y"
			if (100 * rand() < refunds)
				intent = "refund <b>now</b>"
			printf "{\"id\":\"%s-%d\",\"time\":%.0f,\"text\":\"%s\",\"intent\":\"%s\",\"ms\":%d}\n", seed, i,
			       1795400000000 + 60000 * i, text, intent, 100 + 50 * rand()
		}
	}' >"$1"
}

traffic a.jsonl 4000 1 10 30
traffic b.jsonl 3000 6 10 30
traffic long.jsonl 3000 3 13 45
traffic few.jsonl 30 5 10 30

begin "the page says what changed and what to do first"
expect_exit 1 driftlead drift a.jsonl long.jsonl --field input=text --html page.html
contains "$OUT" "FAIL: of"
contains page.html '<p class="word">Drift</p>'
contains page.html "Bring the suite up to date: other things are asked than before, by <b>intent</b>"
contains page.html "See whether the suite still looks like production"
contains page.html "<caption>What drifted or may have, worst first</caption>"
contains page.html "<caption>Records that show it, by "
contains page.html "<summary>Numbers of both distributions</summary>"
contains page.html "from 2026-11-23 02:14 to"
contains page.html "--field input=text --html page.html</code>"
lacks page.html "<b>now</b>"
lacks page.html "<script"
if [ -e /usr/bin/gnuplot ]; then
	contains page.html 'aria-label="Distribution of intent in both windows'
	contains page.html '>refund &lt;b&gt;now'
fi
cp page.html small.html

begin "the page is the document's: with other output it is the same"
driftlead drift a.jsonl long.jsonl --field input=text --html - >printed
sed 's/--html -/--html page.html/' printed | cmp -s - page.html || fail "on standard output the page is another"
expect_exit 2 driftlead drift a.jsonl b.jsonl --field input=text --html - --json
contains "$ERR" "both print"
driftlead drift a.jsonl long.jsonl --field input=text --html page.html --json >"$OUT"
json .verdict FAIL

begin "no drift, and too little to tell"
expect_exit 0 driftlead drift a.jsonl b.jsonl --field input=text --html page.html
contains page.html '<p class="word">No drift</p>'
lacks page.html 'id="changes"'
expect_exit 3 driftlead drift a.jsonl few.jsonl --field input=text -q --html page.html
contains page.html '<p class="word">Inconclusive</p>'
contains page.html "Wait for more records"

begin "names and values get nowhere, in the page or in a plot"
awk 'BEGIN {
	print "\"<img src=x onerror=alert(1)>\",\"`touch owned`\",\"x\047; system \"\"touch owned\"\"\""
	for (i = 0; i < 900; i++)
		printf "\"</svg><script>%d</script>\",%d,\"EOD\047`touch owned`%d\"\n", i % 3, i % 7, i % 2
}' >one.csv
awk 'NR == 1 || NR % 3 == 0 || NR % 7 == 0' one.csv >two.csv
expect_exit 1 driftlead drift one.csv two.csv -q --html page.html --png plots
contains page.html "&lt;img src=x onerror=alert(1)&gt;"
lacks page.html "<img"
lacks page.html "<script"
[ ! -e owned ] || fail "a name was run"
[ "$(grep -c '</svg>' page.html)" -le "$(grep -c '<svg' page.html)" ] || fail "a value closed a plot"

if [ -e /usr/bin/gnuplot ]; then
	begin "plots are PNG files with harmless names"
	[ "$(ls plots | wc -l)" -ge 2 ] || fail "there are too few"
	for f in plots/*; do
		[ "$(od -An -tx1 -N8 "$f" | tr -d ' \n')" = 89504e470d0a1a0a ] || fail "$f is no PNG"
	done
	[ -z "$(ls plots | grep -v '^[0-9][0-9][A-Za-z0-9-]*\.png$')" ] || fail "names are not harmless"
fi

begin "what cannot be written is said, and nothing half is left"
echo taken >file
expect_exit 4 driftlead drift a.jsonl b.jsonl --field input=text --html nowhere/page.html
contains "$ERR" "nowhere"
expect_exit 4 driftlead drift a.jsonl b.jsonl --field input=text --png file
contains "$ERR" "cannot make the folder 'file'"
expect_exit 4 env PATH=/nowhere "$(command -v driftlead)" drift a.jsonl long.jsonl --field input=text --png none
contains "$ERR" "gnuplot"

begin "a thousand features take at most 2 MB, with the worst in full"
awk 'BEGIN {
	srand(1)
	print "features:" >"many.yaml"
	for (k = 1; k <= 1000; k++) {
		printf "  - { name: column %d, get: number, of: c%d }\n", k, k >"many.yaml"
		head = head (k > 1 ? "," : "") "c" k
	}
	for (f = 0; f < 2; f++) {
		out = f ? "many2.csv" : "many1.csv"
		print head >out
		for (i = 0; i < 200; i++) {
			line = ""
			for (k = 1; k <= 1000; k++)
				line = line (k > 1 ? "," : "") int(1000 * (rand() + rand() + f * (k % 3 == 0))) / 10
			print line >out
		}
	}
}'
expect_exit 1 driftlead drift many1.csv many2.csv --features many.yaml --json --html page.html
json '[(.features | length), ([.features[].plot.edges | length] | max <= 39)] | @csv' '1000,true'
size=$(wc -c <"$OUT")
[ "$size" -le 4000000 ] || fail "the document has $size bytes"
size=$(wc -c <page.html)
[ "$size" -le 2000000 ] || fail "the page has $size bytes"
[ "$(grep -c '<article' page.html)" = 40 ] || fail "not 40 features are in full"
contains page.html "<b>column 1"
cp page.html many.html

skip_without /usr/bin/chromium
"$B/tests/test_drift_page" page watch.html || fail "there is no page of a watch"
for page in small many watch; do
	for width in 390 1280; do
		begin "$page at $width px: whole, silent, nothing sticks out"
		cp $page.html page.html
		frame $width
		browse --window-size=1400,1000 --virtual-time-budget=5000 --dump-dom "file://$PWD/frame.html" >dom
		contains dom "client $width page $width bare 0"
		lacks "$ERR" "CONSOLE"
	done
done

finish
