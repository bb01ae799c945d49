#!/bin/sh
# Gates err as seldom as they say, in every design, on all cases and when they may stop early.
. "${0%/*}/lib.sh"

times=1000
case $B in *asan | *tsan | *cov) times=200 ;; esac

begin "no wrong verdict comes more often than alpha, and the simulation sees one that does"
expect_exit 0 "$B/tests/simulate" --quick --times $times
lacks "$OUT" BROKEN
contains "$OUT" "one thread and four count the same"
contains "$OUT" "claims, 0 broken"

begin "threads do not change a digit"
for threads in 1 3; do
	expect_exit 0 env DRIFTLEAD_THREADS=$threads "$B/tests/simulate" --quick --times 60 both release
	mv "$OUT" with.$threads
done
cmp -s with.1 with.3 || fail "another table" with.1 with.3

finish
