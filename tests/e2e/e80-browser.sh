#!/bin/sh
# The page of a run in a real browser: whole, silent, and no wider than the screen.
. "${0%/*}/lib.sh"

skip_without /usr/bin/chromium

for verdict in PASS FAIL INCONCLUSIVE INVALID; do
	begin "$verdict: the browser finds the tables, the word and no fault"
	expect_exit 0 "$B/tests/test_reports" page page.html $verdict
	browse --dump-dom "file://$PWD/page.html" >dom
	contains dom "<caption>Gates</caption>"
	contains dom "<caption>Estimates with 95 % intervals</caption>"
	contains dom "<p class=\"word\">$verdict</p>"
	lacks dom "<script"
	lacks "$ERR" "CONSOLE"
done

for width in 390 1280; do
	begin "at $width px nothing sticks out, all details open"
	frame $width
	browse --window-size=1400,1000 --virtual-time-budget=5000 --dump-dom "file://$PWD/frame.html" >dom
	contains dom "client $width page $width bare 0"
	lacks "$ERR" "CONSOLE"
done

for width in 390 1280; do
	begin "the page of a ladder at $width px: whole, silent, nothing sticks out"
	[ -e project ] || expect_exit 0 driftlead init -q project
	cat "$ROOT/suites/tickets/ladder.yaml" - >project/suites/tickets/routed.yaml <<END
router: { cheap: one neighbour, strong: five neighbours, confidence: latency }
END
	mv page.html run.html
	expect_exit 0 driftlead ladder project/suites/tickets/routed.yaml -q --html page.html
	frame $width
	browse --window-size=1400,1000 --virtual-time-budget=5000 --dump-dom "file://$PWD/frame.html" >dom
	contains dom "client $width page $width bare 0"
	lacks "$ERR" "CONSOLE"
	browse --dump-dom "file://$PWD/page.html" >dom
	contains dom "<p class=\"word\">one neighbour</p>"
	contains dom "<caption>Rungs on the same cases</caption>"
	contains dom "<caption>Router and its rungs alone</caption>"
	[ ! -e /usr/bin/gnuplot ] || contains dom "USD per 1,000 requests"
	lacks dom "<script"
	lacks "$ERR" "CONSOLE"
	mv run.html page.html
done

begin "the colours follow the reader"
frame 800
browse --blink-settings=preferredColorScheme=1 --virtual-time-budget=5000 --dump-dom \
	"file://$PWD/frame.html" >dom
contains dom "paper rgb(255, 255, 255)"
browse --blink-settings=preferredColorScheme=0 --virtual-time-budget=5000 --dump-dom \
	"file://$PWD/frame.html" >dom
contains dom "paper rgb(19, 21, 25)"

begin "a script that got in would stay dead"
sed 's|</main>|<script>document.title = "alive"</script></main>|' page.html >dirty.html
browse --virtual-time-budget=2000 --dump-dom "file://$PWD/dirty.html" >dom
contains dom "<script>"
lacks dom "<title>alive"
contains "$ERR" "Content Security Policy"

finish
