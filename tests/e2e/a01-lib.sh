#!/bin/sh
# The runner and the library say so when something is wrong: a test that cannot fail is none.
. "${0%/*}/lib.sh"

# script NAME <<END ...: a test script beside us.
script() {
	{
		echo ". '$HERE/lib.sh'"
		cat
	} >"$1.sh"
}

# runner FILE...: a run of its own, with scratch folders of its own.
runner() {
	env -u TEST_SCRATCH B="$B" "$ROOT/tests/run.sh" "$@"
}

begin "every kind of claim can be lost"
script lost <<'END'
begin "exit";     expect_exit 0 false
begin "is";       is one two
begin "contains"; echo here >file; contains file there
begin "lacks";    lacks file here
begin "missing";  lacks nothing x
begin "json";     echo '{"a": 1}' >"$OUT"; json .a 2
begin "same";     mkdir .driftlead; sqlite3 "$STORE" 'create table t (x)'; same 'select count(*) from t' 1
begin "no table"; same 'select 1 from nowhere' 1
begin "golden";   golden there-is-no-such-file file
begin "good";     is one one
finish
END
expect_exit 1 runner lost.sh
is "$(grep -c '^ *not ok' "$OUT")" 9
is "$(tail -n 1 "$OUT")" "1 passed, 9 failed, 0 skipped"

begin "and kept"
script kept <<'END'
begin "exit";     expect_exit 1 false
begin "contains"; echo here >file; contains file here; lacks file there
begin "json";     echo '{"a": 1}' >"$OUT"; json .a 1
begin "same";     mkdir .driftlead; sqlite3 "$STORE" 'create table t (x)'; same 'select count(*) from t' 0
test_case "a command" true
skip_without /there/is/no/such/folder
begin "never";    is one two
finish
END
expect_exit 0 runner kept.sh
is "$(tail -n 1 "$OUT")" "5 passed, 0 failed, 1 skipped"

begin "a script that ends early has failed, as has one that crashes or hangs"
script early <<'END'
begin "one"; is one one
exit 0
END
printf 'echo "ok 1 - a"\necho "1..1"\nkill -SEGV $$\n' >crash.sh
printf 'echo "ok 1 - a"\necho "1..2"\n' >short.sh
printf 'sleep 20\n' >hangs.sh
expect_exit 1 env TEST_TIMEOUT=1 B="$B" "$ROOT/tests/run.sh" early.sh crash.sh short.sh hangs.sh
contains "$OUT" "FAIL  early.sh: ended early"
contains "$OUT" "FAIL  crash.sh: ended with status 139"
contains "$OUT" "FAIL  short.sh: ended early with status 0"
contains "$OUT" "FAIL  hangs.sh: took more than 1 seconds"
is "$(grep -c 'its folder: /' "$OUT")" 4

begin "results come in order, skips of cmocka are skips"
printf 'sleep 0.3; echo "ok 1 - slow"; echo 1..1\n' >slow.sh
printf 'echo "ok 1 - quick"; echo "not ok 2 # SKIP b"; echo "1..2"\n' >quick.sh
expect_exit 0 runner slow.sh quick.sh
is "$(grep -o '^pass  [a-z]*' "$OUT" | tr '\n' ' ')" "pass  slow pass  quick "
is "$(tail -n 1 "$OUT")" "2 passed, 0 failed, 1 skipped"

begin "a script that fails leaves no stub behind"
script stubs <<'END'
stub - <<PLAY
on any reply 200 text "x"
PLAY
echo $STUB_PID >"$PID_FILE"
begin "bad"; is one two
finish
END
expect_exit 1 env PID_FILE="$SCRATCH/pid" B="$B" "$ROOT/tests/run.sh" stubs.sh
if kill -0 "$(cat "$SCRATCH/pid")" 2>/dev/null; then
	fail "the stub still runs"
fi

finish
