#!/bin/sh
# run.sh -- runs test files and counts.
#
#	tests/run.sh FILE...
#
# A FILE is a cmocka binary, a shell script that prints TAP, or a corpus replay
# (build/tests/replay_fuzz_x: passes when it comes back from tests/fuzz/corpus/x).  JOBS of them
# run at a time (2), each in a scratch folder of its own, for TEST_TIMEOUT seconds at most (600);
# results come in the order given.  The folder of a failed file stays, and its path is printed.
# Exit 1 if anything failed; the last line is always the count.

set -u
LC_ALL=C
CMOCKA_MESSAGE_OUTPUT=TAP
export LC_ALL CMOCKA_MESSAGE_OUTPUT
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/driftlead-test.XXXXXX") || exit 4
limit=${TEST_TIMEOUT:-600}
workers=

# An interrupted run leaves nothing running.
trap 'kill $workers 2>/dev/null; wait; exit 130' INT TERM

# run_one FILE NUMBER: its output to NUMBER.out, then its status to NUMBER.rc.
run_one() {
	mkdir -p "$work/$2.scratch"
	case $1 in
	*.sh) set -- "$2" sh "$1" ;;
	*/replay_fuzz_*)
		set -- "$2" sh -c '"$1" "$2" && echo "ok 1 - ${1##*/}" || echo "not ok 1 - ${1##*/}"; echo 1..1' \
			sh "$1" "$root/tests/fuzz/corpus/${1##*/replay_fuzz_}" ;;
	*) set -- "$2" "$1" ;;
	esac
	number=$1
	shift
	TEST_SCRATCH=$work/$number.scratch timeout -k 5 "$limit" "$@" \
		</dev/null >"$work/$number.out" 2>&1
	echo $? >"$work/$number.tmp"
	mv "$work/$number.tmp" "$work/$number.rc"
}

# Takes files that nobody has taken: mkdir succeeds for one worker only.
worker() {
	i=0
	for file; do
		i=$((i + 1))
		mkdir "$work/$i.taken" 2>/dev/null && run_one "$file" $i
	done
}

# "passed failed skipped planned" of a TAP output; a plan that is missing is -1.  cmocka writes
# "not ok N # SKIP name" for a test that was skipped.
count() {
	awk '
	/^1\.\.[0-9]+/ { plan += substr($1, 4); planned = 1 }
	/^not ok [0-9]+ # SKIP / { skip++; next }
	/^not ok/      { bad++; next }
	/^ok/          { if (tolower($0) ~ /# skip/) skip++; else good++ }
	END            { print good + 0, bad + 0, skip + 0, planned ? plan : -1 }' "$1"
}

jobs=${JOBS:-2}
while [ "$jobs" -gt 0 ]; do
	worker "$@" &
	workers="$workers $!"
	jobs=$((jobs - 1))
done

passed=0 failed=0 skipped=0 i=0
for file; do
	i=$((i + 1))
	while [ ! -e "$work/$i.rc" ]; do
		sleep 0.1
	done
	rc=$(cat "$work/$i.rc")
	read -r good bad skip plan <<END
$(count "$work/$i.out")
END
	why=
	if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then
		why="took more than $limit seconds"
	elif [ "$plan" -ne $((good + bad + skip)) ]; then
		why="ended early with status $rc"
	elif [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ]; then
		why="ended with status $rc"
	fi
	if [ -n "$why" ]; then
		bad=$((bad + 1))
	fi
	if [ "$bad" -gt 0 ]; then
		echo "FAIL  $file${why:+: $why}"
		sed 's/^/      /' "$work/$i.out"
		echo "      its folder: $work/$i.scratch"
	else
		echo "pass  $file ($good$([ "$skip" -gt 0 ] && echo ", $skip skipped"))"
		grep -iE '^(not )?ok.*# skip' "$work/$i.out" | sed 's/^/      /'
		rm -rf "$work/$i.scratch"
	fi
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skip))
done
wait

[ "$failed" -eq 0 ] && rm -rf "$work"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
