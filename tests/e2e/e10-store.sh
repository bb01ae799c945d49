#!/bin/sh
# The store: whose it is, who may write, and what is said when it is not one.
. "${0%/*}/lib.sh"

asked() {
	[ "$(stub_count total)" -ge "$1" ]
}

cases 30
suite
echo 'on any reply 200 text "yes" after 30ms' >play
stub "$PWD/play"
project "    slots: 2"

begin "only its owner reads it"
umask 000
expect_exit 0 driftlead run suite.yaml -t stub -q
is "$(stat -c %a .driftlead .driftlead/store.db | tr '\n' ' ')" "700 600 "
is "$(find .driftlead -type f -perm /077)" ""
umask 022

begin "a second writer is told who writes, and ends with 75; readers read"
stub - <<'END'
on any reply 200 text "yes" after 10s
END
project "    slots: 2"
env --default-signal=INT driftlead run suite.yaml -t stub -q --fresh >first.out 2>first.err &
pid=$!
poll asked 2
expect_exit 75 driftlead run suite.yaml -t stub -q --fresh
contains "$ERR" "$pid"
contains "$ERR" "$(hostname)"
expect_exit 75 driftlead baseline set 1
expect_exit 0 driftlead log
contains "$OUT" running
expect_exit 0 driftlead show last
expect_exit 0 driftlead show 1
expect_exit 0 driftlead export 1
is "$(wc -l <"$OUT" | tr -d ' ')" 30
kill -9 $pid
wait $pid 2>/dev/null
stub "$PWD/play"
project "    slots: 2"
expect_exit 0 driftlead run suite.yaml -t stub -q

begin "a store that is not one: a sentence and exit 5"
refused() {  # FILE TEXT
	for command in "log" "show 1" "run suite.yaml -t echo -q"; do
		before=$(sha256sum <"$1")
		# shellcheck disable=SC2086
		expect_exit 5 driftlead $command --store "$1"
		contains "$ERR" "$2"
		is "$(sha256sum <"$1")" "$before" "the file after '$command'"
	done
}
cp .driftlead/store.db newer.db
sqlite3 newer.db 'pragma user_version = 9999'
refused newer.db newer
sqlite3 foreign.db 'create table bookmarks (url text)'
refused foreign.db foreign.db
echo "dear diary" >text.db
refused text.db text.db
cp .driftlead/store.db extra.db
sqlite3 extra.db 'create trigger t after insert on completion begin delete from score; end'
refused extra.db extra.db
head -c 20000 .driftlead/store.db >short.db
for command in "log" "show 1" "export 1"; do
	# shellcheck disable=SC2086
	driftlead $command --store short.db >"$OUT" 2>"$ERR"
	status=$?
	[ $status -eq 5 ] || fail "exit $status for half a store" "$ERR"
done

begin "pages that were overwritten are found"
cp .driftlead/store.db holes.db
size=$(stat -c %s holes.db)
at=8192
while [ $at -lt "$size" ]; do
	head -c 2000 /dev/zero | tr '\0' 'x' | dd of=holes.db bs=1 seek=$at conv=notrunc 2>/dev/null
	at=$((at + 8192))
done
for command in "export last" "show last"; do
	# shellcheck disable=SC2086
	driftlead $command --store holes.db >"$OUT" 2>"$ERR"
	status=$?
	[ $status -eq 5 ] || fail "exit $status for a store with holes" "$ERR"
done

begin "nothing there, a folder, a device"
expect_exit 2 driftlead log --store nothing.db
[ ! -e nothing.db ] || fail "a reader made it"
expect_exit 2 driftlead log --store .
expect_exit 2 driftlead log --store /dev/null

begin "output that cannot be written is no success"
for command in "show last" "log" "export last" "list targets" "run suite.yaml -t echo"; do
	# shellcheck disable=SC2086
	driftlead $command >/dev/full 2>"$ERR"
	status=$?
	[ $status -ne 0 ] || fail "'$command' to a full device: exit 0"
	# shellcheck disable=SC2086
	{ driftlead $command 2>"$ERR"; echo $? >status; } | head -c 0
	status=$(cat status)
	[ "$status" -lt 128 ] || fail "'$command' to a closed pipe: $status"
done
cases 20000
suite
expect_exit 0 driftlead run suite.yaml -t echo -q --fresh
{ driftlead export last 2>"$ERR"; echo $? >status; } | head -n 1 >/dev/null
is "$(cat status)" 4 "export into a pipe that closes"
expect_exit 4 driftlead export last -o /dev/full/x
mkfifo pipe && { wc -l <pipe >piped & }
expect_exit 0 driftlead export last -o pipe
wait $!
[ -p pipe ] || fail "a file stands in place of the pipe"
expect_exit 0 driftlead export last -o rows.jsonl
is "$(wc -l <rows.jsonl | tr -d ' ')" 20000

begin "a full disk: exit 4, nothing lost, and on it goes"
cases 400 "$(head -c 3000 /dev/zero | tr '\0' 'a')"
suite
mkdir -p full
if mount -t tmpfs -o size=900k tmpfs full 2>/dev/null; then
	trap 'umount full 2>/dev/null; lib_end' EXIT
	stub - <<'END'
on any reply 200 echo
END
	project "    slots: 4" "    keep: all"
	expect_exit 4 driftlead run suite.yaml -t stub --store full/store.db -q
	contains "$ERR" "disk"
	mount -o remount,size=40m full
	expect_exit 0 driftlead run suite.yaml -t stub --store full/store.db --json
	json '.run.answers' 400
	is "$(sqlite3 full/store.db 'pragma integrity_check')" ok
	total=$(stub_count total)
	[ "$total" -le 404 ] || fail "$total requests for 400 cases and one full disk"
	umount full
else
	echo "# no tmpfs can be mounted here: not tried"
fi

finish
