#!/bin/sh
# A log profiled in pieces by whatever runs pieces: xargs, GNU parallel, a job array of Slurm.  The
# tasks know nothing of each other, some run twice, and the merge is the profile of the whole log.
. "${0%/*}/lib.sh"

cat >features.yaml <<'END'
features:
  - { name: label, get: category, of: label }
  - { name: latency, get: latency }
  - { name: question, get: text, of: input }
  - { name: length, get: length, of: input }
END
awk 'BEGIN {
	split("refund shipping account abuse other", label, " ")
	for (i = 1; i <= 30000; i++) {
		x = (i * 7919) % 10007
		printf "{\"id\":\"r%d\",\"time\":%d,\"input\":\"where is my parcel %d\",", i, 1700000000 + i, x % 31
		printf "\"label\":\"%s\",\"latency\":%.3f}\n", label[1 + x % 5], x / 1000
	}
}' >all.jsonl
split -n l/7 -d -a 1 --additional-suffix=.jsonl all.jsonl piece.
driftlead profile all.jsonl -f features.yaml -o all.profile -q || exit 4

# merged N: the profiles of N pieces add up to that of the whole.
merged() {
	is "$(find . -name 'piece.*.profile' | wc -l)" "$1" "pieces"
	expect_exit 0 driftlead profile merge piece.*.profile -o merged.profile -q
	cmp merged.profile all.profile || fail "the merge has other bytes"
	rm -f piece.*.profile merged.profile
}

begin "xargs, three at a time"
printf '%s\n' piece.?.jsonl | xargs -P 3 -I {} \
	driftlead profile {} -f features.yaml -o {}.profile -q || fail "a piece was not profiled"
merged 7

if parallel --version 2>/dev/null | grep -q GNU; then
	begin "GNU parallel, by files, and again the same"
	for _ in 1 2; do
		expect_exit 0 parallel --will-cite -j 2 \
			driftlead profile {} -f features.yaml -o {}.profile -q ::: piece.?.jsonl
	done
	merged 7
	begin "GNU parallel, one file cut at its lines"
	expect_exit 0 parallel --will-cite -j 2 --pipepart -a all.jsonl --block 300k \
		driftlead profile - -f features.yaml -o piece.{#}.profile -q
	pieces=$(find . -name 'piece.*.profile' | wc -l)
	[ "$pieces" -gt 3 ] || fail "it was cut into $pieces"
	merged "$pieces"
else
	skipped "GNU parallel" parallel
fi

# ---- Slurm on this machine ------------------------------------------------------------------------

skip_without slurmctld
skip_without slurmd
skip_without sbatch
skip_without munged

# free_port FROM: the next port that nothing listens at.
free_port() {
	port=$1
	while grep -qi ":$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
		port=$((port + 1))
	done
	echo "$port"
}

# daemon COMMAND...: until the script ends.
daemon() {
	"$@" >>"$SCRATCH/slurm.out" 2>&1 &
	stub_pids="$! $stub_pids"
}

begin "the three daemons of Slurm start on this machine alone"
node=$(hostname -s)
user=$(id -un)
s=$SCRATCH/slurm
mkdir -p "$s/state" "$s/spool"
head -c 128 /dev/urandom >"$s/key"
chmod 600 "$s/key"
first=$(free_port $((20000 + $$ % 20000)))
second=$(free_port $((first + 1)))
cat >"$s/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$first
SlurmdPort=$second
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$s/munge.sock
StateSaveLocation=$s/state
SlurmdSpoolDir=$s/spool
SlurmctldPidFile=$s/slurmctld.pid
SlurmdPidFile=$s/slurmd.pid
SlurmctldLogFile=$s/slurmctld.log
SlurmdLogFile=$s/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName=$node NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$node Default=YES State=UP
END
SLURM_CONF=$s/slurm.conf
export SLURM_CONF
daemon munged --foreground --force --key-file="$s/key" --socket="$s/munge.sock" \
	--pid-file="$s/munge.pid" --log-file="$s/munge.log" --seed-file="$s/munge.seed"
poll test -S "$s/munge.sock"
daemon slurmctld -D
daemon slurmd -D -N "$node"
is_idle() {
	sinfo -h -o %t | grep -qx idle
}
poll is_idle || fail "no node is ready" "$SCRATCH/slurm.out"

# The task of a piece: seven of them are one job array.
begin "a job array, a task per piece"
cat >piece.sh <<'END'
#!/bin/sh
piece=piece.$SLURM_ARRAY_TASK_ID.jsonl
exec driftlead profile "$piece" -f features.yaml -o "$piece.profile" -q
END
expect_exit 0 timeout 120 sbatch --wait --array=0-6 -o "$s/task.%a" piece.sh
cat "$s"/task.* >"$SCRATCH/tasks"
[ ! -s "$SCRATCH/tasks" ] || fail "a task complains" "$SCRATCH/tasks"
for i in 0 1 2 3 4 5 6; do
	driftlead profile show piece.$i.jsonl.profile --json >"$OUT" 2>"$ERR" || fail "piece $i" "$ERR"
	json .records "$(wc -l <piece.$i.jsonl)"
done

begin "a task that fails shows in the job, and running it again is enough"
mv piece.3.jsonl hidden
expect_exit 2 timeout 120 sbatch --wait --array=2-3 -o "$s/again.%a" piece.sh
contains "$s/again.3" "there is no such file"
mv hidden piece.3.jsonl
expect_exit 0 timeout 120 sbatch --wait --array=3 -o "$s/again.%a" piece.sh
merged 7

finish
