# lib.sh -- what a test script says.
#
#	#!/bin/sh
#	# A throttled endpoint is retried, not blamed.
#	. "${0%/*}/lib.sh"
#
#	stub - <<END
#	on "order 18"  reply 429 retry-after 0, then 200 text "shipping"
#	on any         reply 200 text "refund"
#	END
#	project
#
#	begin "the second answer counts"
#	expect_exit 0 driftlead run smoke -t stub
#	same "select attempts from v_completion where case_id = 'o18'" 2
#
#	finish
#
# A script runs in a scratch folder of its own, which is also its HOME.  A case starts with
# `begin` and ends at the next one; it fails if anything in it does, and goes on, so that one
# run shows all that is wrong.  A script that ends before `finish` has failed.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
B=${B:-build}
case $B in /*) ;; *) B=$ROOT/$B ;; esac
SCRATCH=${TEST_SCRATCH:-$(mktemp -d "${TMPDIR:-/tmp}/driftlead-e2e.XXXXXX")}

HOME=$SCRATCH/home
XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share XDG_CACHE_HOME=$HOME/.cache
XDG_STATE_HOME=$HOME/.local/state TMPDIR=$SCRATCH/tmp
LC_ALL=C TZ=UTC COLUMNS=80
PATH=$B:$PATH
UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME TMPDIR LC_ALL TZ COLUMNS \
	PATH UBSAN_OPTIONS
unset NO_COLOR FORCE_COLOR CLICOLOR_FORCE http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy \
	SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT JOB_COMPLETION_INDEX OMPI_COMM_WORLD_RANK
STORE=$SCRATCH/here/.driftlead/store.db
OUT=$SCRATCH/out ERR=$SCRATCH/err

case_number=0 case_name= case_bad=0 any_bad=0 finished=0 stubs=0 stub_pids= STUB_PID=
mkdir -p "$HOME" "$TMPDIR" "$SCRATCH/here"
cd "$SCRATCH/here" || exit 4

# Stops what was started, by its pid, however the script ends.
lib_end() {
	lib_status=$?
	for lib_pid in $stub_pids; do
		kill "$lib_pid" 2>/dev/null && wait "$lib_pid" 2>/dev/null
	done
	if [ $finished -eq 0 ]; then
		echo "# the script ended before 'finish', with status $lib_status"
		any_bad=1
	fi
	if [ $any_bad -ne 0 ]; then
		[ -n "${TEST_SCRATCH:-}" ] || echo "# its folder: $SCRATCH"
		exit 1
	fi
	cd /
	rm -rf "$SCRATCH"
	exit 0
}
trap lib_end EXIT
trap 'exit 130' INT TERM

# ---- cases -------------------------------------------------------------------------------

lib_close_case() {
	[ -n "$case_name" ] || return 0
	if [ $case_bad -eq 0 ]; then
		echo "ok $case_number - $case_name"
	else
		echo "not ok $case_number - $case_name"
		any_bad=1
	fi
	case_name=
}

# begin NAME
begin() {
	lib_close_case
	case_number=$((case_number + 1)) case_name=$1 case_bad=0
}

# The end of the script.
finish() {
	lib_close_case
	echo "1..$case_number"
	finished=1
}

# fail SENTENCE [FILE...]: this case is lost; the files are shown.
fail() {
	case_bad=1
	echo "# $1"
	shift
	for lib_file; do
		echo "# ---- ${lib_file##*/}"
		head -n 40 "$lib_file" 2>&1 | sed 's/^/#      /'
	done
}

# test_case NAME COMMAND...: a case of one command that must succeed.
test_case() {
	begin "$1"
	shift
	expect_exit 0 "$@"
}

# skipped NAME COMMAND: a case that needs what is not here.
skipped() {
	lib_close_case
	case_number=$((case_number + 1))
	echo "ok $case_number - $1 # SKIP there is no $2"
}

# skip_without PATH: the rest of the script needs this file or folder, or command.
skip_without() {
	[ -e "$1" ] || command -v "$1" >/dev/null 2>&1 && return 0
	skipped "the rest" "$1"
	finish
	exit 0
}

# ---- what must be so -----------------------------------------------------------------------

# expect_exit STATUS COMMAND...: leaves what it wrote in $OUT and $ERR.
expect_exit() {
	lib_want=$1
	shift
	"$@" >"$OUT" 2>"$ERR"
	lib_got=$?
	[ $lib_got -eq "$lib_want" ] || fail "exit $lib_got, not $lib_want: $*" "$OUT" "$ERR"
}

# is GOT WANTED [WHAT]
is() {
	[ "$1" = "$2" ] || fail "${3:-it} is '$1', not '$2'"
}

# same SQL VALUE: what the store says, columns split by '|'.
same() {
	lib_got=$(sqlite3 -batch -readonly "$STORE" "$1" 2>&1)
	[ "$lib_got" = "$2" ] || fail "'$lib_got', not '$2': $1"
}

# contains FILE TEXT
contains() {
	grep -qF -e "$2" -- "$1" || fail "no '$2' in ${1##*/}" "$1"
}

# lacks FILE TEXT
lacks() {
	if [ ! -r "$1" ]; then
		fail "there is no ${1##*/}"
	elif grep -qaF -e "$2" -- "$1"; then
		fail "'$2' in ${1##*/}" "$1"
	fi
}

# json FILTER VALUE [FILE]: what jq finds in the file ($OUT).
json() {
	lib_got=$(jq -r "$1" "${3:-$OUT}" 2>&1)
	[ "$lib_got" = "$2" ] || fail "'$lib_got', not '$2': $1" "${3:-$OUT}"
}

# golden NAME FILE: as in tests/golden/NAME, which `make regold` rewrites.
golden() {
	if [ -n "${REGOLD:-}" ]; then
		mkdir -p "$ROOT/tests/golden"
		cp "$2" "$ROOT/tests/golden/$1"
	elif ! diff -u "$ROOT/tests/golden/$1" "$2" >"$SCRATCH/diff" 2>&1; then
		fail "${2##*/} is not tests/golden/$1" "$SCRATCH/diff"
	fi
}

# ---- the endpoint ----------------------------------------------------------------------------

# stub PLAY [OPTION...]: starts an endpoint (see tests/stub/stub.c) that follows the file, or
# standard input if PLAY is -.  Sets STUB_PORT, STUB_URL and STUB_PID, of the newest one.
stub() {
	stubs=$((stubs + 1))
	lib_play=$1
	shift
	case $lib_play in
	-) lib_play=$SCRATCH/stub$stubs.play; cat >"$lib_play" ;;
	/*) ;;
	*) lib_play=$HERE/$lib_play ;;
	esac
	"$B/tests/stub" "$lib_play" --port-file "$SCRATCH/stub$stubs.port" \
		--count-file "$SCRATCH/stub$stubs.count" "$@" 2>"$SCRATCH/stub$stubs.err" &
	STUB_PID=$!
	stub_pids="$stub_pids $STUB_PID"
	lib_tries=0
	while [ ! -s "$SCRATCH/stub$stubs.port" ]; do
		lib_tries=$((lib_tries + 1))
		if [ $lib_tries -gt 200 ] || ! kill -0 "$STUB_PID" 2>/dev/null; then
			fail "the stub does not start" "$SCRATCH/stub$stubs.err"
			exit 4
		fi
		sleep 0.05
	done
	STUB_PORT=$(cat "$SCRATCH/stub$stubs.port")
	STUB_URL=http://127.0.0.1:$STUB_PORT/v1
}

# Ends the newest stub; stub_count then reads what it left.
stub_stop() {
	kill "$STUB_PID" && wait "$STUB_PID"
	STUB_PID=
}

# stub_count total | max_connections | rules[0].count | 'status["429"]' ...
stub_count() {
	if [ -n "$STUB_PID" ]; then
		"$B/tests/ask" -p "$STUB_PORT" -P /count -o
	else
		cat "$SCRATCH/stub$stubs.count"
	fi | jq -r ".$1 // 0"
}

# project: a driftlead.yaml here, with the newest stub as the target `stub`; more lines of that
# target (indented by four blanks), and whatever comes after it, from the arguments.
project() {
	{
		echo "store: .driftlead/store.db"
		echo "targets:"
		echo "  stub:"
		echo "    protocol: openai"
		echo "    url: $STUB_URL"
		echo "    model: stub-1"
		for lib_line; do
			echo "$lib_line"
		done
	} >driftlead.yaml
}

# cases N [TEXT]: cases.jsonl with N cases: c1 asks "question 1." (or "TEXT 1.") and expects yes.
cases() {
	awk -v n="$1" -v text="${2:-question}" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "{\"id\":\"c%d\",\"input\":\"%s %d.\",\"expect\":\"yes\"}\n", i, text, i
	}' >cases.jsonl
}

# suite [LINE...]: suite.yaml over cases.jsonl with one metric, `right`; more lines of it from the
# arguments.
suite() {
	{
		echo "suite: smoke"
		echo "cases: cases.jsonl"
		echo "metrics:"
		echo "  - { name: right, scorer: exact }"
		for lib_line; do
			echo "$lib_line"
		done
	} >suite.yaml
}

# poll COMMAND...: until it succeeds, for 20 seconds at most.
poll() {
	lib_tries=0
	until "$@" >/dev/null 2>&1; do
		lib_tries=$((lib_tries + 1))
		if [ $lib_tries -gt 400 ]; then
			fail "never: $*"
			return 1
		fi
		sleep 0.05
	done
}

# The rows of a run without what differs from one time to the next.
rows() {
	driftlead export "${1:-last}" | jq -cS 'del(.ms, .attempts)' | sort
}

# browse OPTION...: what it prints, and what it has to say in $ERR.
browse() {
	rm -rf "$SCRATCH/profile"
	timeout 60 /usr/bin/chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars \
		--allow-file-access-from-files --enable-logging=stderr --user-data-dir="$SCRATCH/profile" \
		"$@" 2>"$ERR"
}

# A frame of this width around page.html, which says how wide the page wants to be.  The page has
# no script of its own: the frame's does the measuring.
frame() {
	cat >frame.html <<END
<!DOCTYPE html><title>frame</title>
<iframe id="f" width="$1" height="900" style="border:0" src="page.html"></iframe>
<p id="measured">nothing</p>
<script>
f.onload = () => {
	const d = f.contentDocument, e = d.documentElement;
	d.querySelectorAll("details").forEach(x => { x.open = true; });
	const hidden = [...d.querySelectorAll(".scroll")].filter(x => x.tabIndex !== 0 ||
		!x.getAttribute("aria-label"));
	measured.textContent = "client " + e.clientWidth + " page " + e.scrollWidth + " bare " +
		hidden.length + " paper " + getComputedStyle(d.body).backgroundColor;
};
</script>
END
}
