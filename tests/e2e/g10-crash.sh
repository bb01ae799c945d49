#!/bin/sh
# Killed at any system call, or refused by the disk: the next start goes on, with the same rows,
# the same verdict, and no more requests repeated than were in flight.
. "${0%/*}/lib.sh"

skip_without strace
strace -qq -o /dev/null -e inject=close:error=EINTR:when=60000 true 2>/dev/null || skip_without /strace/inject
[ "$(nm "$B/driftlead" 2>/dev/null | grep -c __asan_init)" = 0 ] || skip_without "/a/driftlead/without/sanitizers"

SLOTS=4
cases 50
suite 'gates:' '  - { name: g, metric: right, rule: at-least, value: 60% }'
echo 'on "question 1" reply 200 text "no"
on any          reply 200 text "yes"' >play
stub "$PWD/play"
project "    slots: $SLOTS" "    retries: 0" "    keep: all"
step=${DRIFTLEAD_SLOW:+1}
step=${step:-23}

run() {
	driftlead run suite.yaml -t stub --store "$1" --json
}

# What must not differ, of a finished run.
essence() {
	driftlead export last --store "$1" | jq -cS 'del(.ms)' | sort
	driftlead gate last --store "$1" --json |
		jq -cS '[.estimates, .verdict.verdict, .verdict.reason_code, .verdict.candidate]'
}

# calls SYSCALL: how many an unbroken run makes.
calls() {
	rm -f count.db*
	strace -f -qq -o trace -e trace="$1" driftlead run suite.yaml -t stub --store count.db -q >"$OUT" 2>"$ERR"
	grep -c "$1(" trace
}

expect_exit 0 run whole.db
essence whole.db >whole

# crash SYSCALL N: killed at its N-th call, then resumed.
crash() {
	rm -f crash.db*
	before=$(stub_count total)
	strace -f -qq -o trace -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
		driftlead run suite.yaml -t stub --store crash.db -q >"$OUT" 2>"$ERR"
	killed=$?
	# Killed after the commit and before the last word, the run is whole and its verdict stored.
	state=$(driftlead log -n 1 --store crash.db --json 2>/dev/null | jq -r '.runs[0].state')
	if [ "$state" != complete ]; then  # fewer calls than last time: it came to its end
		run crash.db >"$OUT" 2>"$ERR"
		status=$?
		[ $status -eq 0 ] || fail "killed at $1 $2, then exit $status" "$ERR"
	fi
	essence crash.db >after 2>&1
	cmp -s whole after || fail "killed at $1 $2: other rows or another verdict"
	asked=$(($(stub_count total) - before))
	[ $asked -le $((50 + SLOTS)) ] || fail "killed at $1 $2: $asked requests for 50 cases"
	[ $killed -eq 0 ] || kills=$((kills + 1))
	[ $killed -eq 0 ] || [ "$state" != complete ] || late=$((late + 1))
}

for call in pwrite64 fdatasync fsync ftruncate unlink unlinkat sendto writev; do
	all=$(calls $call)
	[ "$all" -gt 0 ] || continue
	begin "kill -9 at $call"
	kills=0 late=0 n=1
	while [ $n -le "$all" ]; do
		crash $call $n
		n=$((n < 3 || n > all - 4 ? n + 1 : n + step < all - 3 ? n + step : all - 3))
	done
	[ $kills -gt 0 ] || fail "nothing was killed"
	[ $late -le 1 ] || fail "$late kills came after the verdict"
	echo "# $kills of $all calls"
done

# refuse SYSCALL ERROR N: that call and all later ones fail.
refuse() {
	rm -f crash.db*
	before=$(stub_count total)
	strace -f -qq -o trace -e trace="$1" -e inject="$1:error=$2:when=$3+" \
		driftlead run suite.yaml -t stub --store crash.db -q >"$OUT" 2>"$ERR"
	status=$?
	[ "$(grep -c "$1(" trace)" -ge "$3" ] || return 0  # fewer calls than last time
	[ $status -eq 4 ] || fail "$1 fails with $2 from $3 on: exit $status" "$ERR"
	run crash.db >"$OUT" 2>"$ERR" || fail "after $1 $2 $3: exit $?" "$ERR"
	essence crash.db >after 2>&1
	cmp -s whole after || fail "$1 $2 from $3 on: other rows or another verdict"
	asked=$(($(stub_count total) - before))
	[ $asked -le $((50 + SLOTS)) ] || fail "$1 $2 from $3 on: $asked requests for 50 cases"
}

begin "a disk that fails or is full: exit 4, and on it goes"
for call in pwrite64 fdatasync; do
	all=$(calls $call)
	for error in EIO ENOSPC; do
		[ $call.$error != fdatasync.ENOSPC ] || continue
		for n in 1 2 3 $((all / 4)) $((all / 2)) $((all * 3 / 4)) $((all - 2)); do
			refuse $call $error $n
		done
	done
done

begin "interrupted system calls are nobody's business"
# Past what the dynamic loader reads, which takes no interruption.
for call in read:100+5 write:1+3 epoll_wait:2+3 poll:1+2 recvfrom:2+3 sendto:2+7; do
	rm -f crash.db*
	strace -f -qq -o trace -e trace=${call%:*} -e inject=${call%:*}:error=EINTR:when=${call#*:} \
		driftlead run suite.yaml -t stub --store crash.db -q >"$OUT" 2>"$ERR"
	status=$?
	[ $status -eq 0 ] || fail "EINTR of $call: exit $status" "$ERR"
	essence crash.db 2>&1 | sed 's/"attempts":[0-9]*/"attempts":1/' >after
	cmp -s whole after || fail "EINTR of $call: other rows"
done

finish
