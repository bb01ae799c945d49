#!/bin/sh
# A check that is killed at any system call has been made whole or not at all, and made again it is
# the same check.
. "${0%/*}/lib.sh"

skip_without strace
strace -qq -o /dev/null -e inject=close:error=EINTR:when=60000 true 2>/dev/null || skip_without /strace/inject
[ "$(nm "$B/driftlead" 2>/dev/null | grep -c __asan_init)" = 0 ] || skip_without "/a/driftlead/without/sanitizers"

step=${DRIFTLEAD_SLOW:+1}
step=${step:-9}
awk 'BEGIN { srand(1); for (i = 0; i < 1440; i++)
	printf "{\"time\":%d,\"intent\":\"%s\"}\n", 1767225600 + 600 * i,
	700 < i || rand() < 0.3 ? "refund" : "shipping" }' >traffic.jsonl
cat >driftlead.yaml <<END
watches:
  traffic: { source: traffic.jsonl, window: 2d, reference: pinned first }
END
expect_exit 0 driftlead drift traffic --pin first --now 2026-01-03 --store before.db
expect_exit 0 driftlead drift traffic --now 2026-01-04 --store before.db

check() {
	driftlead drift traffic --now 2026-01-08 --store "$1" --json
}

# What is in a store, apart from when it came there.
rows() {
	sqlite3 -batch "$1" "SELECT (SELECT count(*) FROM v_drift_check), (SELECT count(*) FROM
		v_drift_finding), (SELECT group_concat(drift_check) FROM v_watch_profile),
		(SELECT count(*) FROM v_incident), (SELECT count(*) FROM v_event),
		(SELECT round(sum(alpha), 9) FROM v_drift_check)"
}

cp before.db whole.db
check whole.db >whole.json
[ $? -eq 1 ] || fail "the change was not found" whole.json
none=$(rows before.db) all_of_it=$(rows whole.db)

# calls SYSCALL: how many an unbroken check makes.
calls() {
	cp before.db count.db
	strace -f -qq -o trace -e trace="$1" driftlead drift traffic --now 2026-01-08 --store count.db -q
	grep -c "$1(" trace
}

for call in pwrite64 fdatasync fsync unlink; do
	all=$(calls $call)
	[ "$all" -gt 0 ] || continue
	begin "kill -9 at $call"
	n=1 lost=0
	while [ $n -le "$all" ]; do
		rm -f crash.db*
		cp before.db crash.db
		strace -f -qq -o trace -e trace=$call -e inject=$call:signal=KILL:when=$n \
			driftlead drift traffic --now 2026-01-08 --store crash.db -q >"$OUT" 2>"$ERR"
		left=$(rows crash.db)
		[ "$left" = "$none" ] || [ "$left" = "$all_of_it" ] ||
			fail "killed at $call $n: $left is neither $none nor $all_of_it"
		[ "$left" != "$none" ] || lost=$((lost + 1))
		check crash.db >after.json 2>"$ERR"
		[ $? -eq 1 ] || fail "killed at $call $n, then another verdict" after.json "$ERR"
		is "$(rows crash.db)" "$all_of_it"
		jq -cS 'del(.command)' after.json >after
		jq -cS 'del(.command)' whole.json | cmp -s - after ||
			fail "killed at $call $n: another document" after.json
		n=$((n < 3 || n > all - 4 ? n + 1 : n + step < all - 3 ? n + step : all - 3))
	done
	[ $call = unlink ] || [ $lost -gt 0 ] || fail "nothing was lost by any kill"
	echo "# $lost of $all calls came before the commit"
done

finish
