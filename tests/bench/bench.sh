#!/bin/sh
# bench.sh -- the speeds and sizes that we promise, on this machine.
#
# The stub answers, a bare libcurl loop (bare.c) is the baseline, and `driftlead run` does the
# same work with everything that a run keeps, one after the other in the same minute.  Targets
# are in the last column; a ratio is driftlead's CPU per case over the bare loop's.
# FULL=1 adds the million cases.  CASES (100,000) is the size of the run that is scored, shown
# and reported.  RECORDS (1,000,000) of some 800 bytes are in the log that is read on one core; its
# speed is in MB/s of CPU, its ratio ours over the CPU of the library: jansson, which builds a tree of
# every line, and simdjson, which is there after `make deps-bench`.  drift.sh has profiles.

set -eu
LC_ALL=C
export LC_ALL
root=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-build}
case $B in /*) ;; *) B=$root/$B ;; esac
cases=${CASES:-100000}
records=${RECORDS:-1000000}
work=$(mktemp -d "${TMPDIR:-/tmp}/driftlead-bench.XXXXXX")
stub_pid=
trap '[ -z "$stub_pid" ] || kill $stub_pid; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
PATH=$B:$B/tests:$PATH
driftlead=
[ ! -x "$B/driftlead" ] || driftlead=$B/driftlead
cd "$work"

# start DELAY: a stub that answers after it; sets url.
start() {
	printf 'on any reply 200 text "refund"%s\n' "${1:+ after $1}" >play
	rm -f port
	stub play --port-file port &
	stub_pid=$!
	while [ ! -s port ]; do sleep 0.02; done
	url=http://127.0.0.1:$(cat port)/v1
}

stop() {
	kill "$stub_pid"
	wait "$stub_pid" || true
	stub_pid=
}

# suite NAME N BYTES: N distinct cases of about BYTES bytes each.
suite() {
	mkdir -p "$1"
	cat >"$1/suite.yaml" <<END
suite: $1
cases: cases.jsonl
metrics:
  - name: label
    scorer: exact
END
	awk -v n="$2" -v bytes="$3" 'BEGIN {
		while (length(pad) < bytes - 60) pad = pad "the parcel has not come "
		for (i = 1; i <= n; i++)
			printf "{\"id\":\"c%d\",\"input\":\"order %d: %s\",\"expect\":\"%s\"}\n", i, i, pad,
			       i % 10 ? "refund" : "shipping"
	}' >"$1/cases.jsonl"
}

# config SLOTS
config() {
	cat >driftlead.yaml <<END
store: store.db
targets:
  bench:
    protocol: openai
    url: $url
    model: stub-1
    slots: $1
END
}

# run SUITE: a run into a new store; sets wall, cpu, rss of it.
run() {
	rm -f store.db*
	measured run "$1" -t bench --store store.db --config driftlead.yaml --json
}

# measured ARGS...: driftlead with them; its output to out.  Exit 1 and 3 are verdicts, no failures.
measured() {
	measure cost "$driftlead" "$@" >out 2>err && ended=0 || ended=$?
	case $ended in
	0 | 1 | 3) ;;
	*)
		echo "driftlead $* failed with status $ended:" >&2
		cat err >&2
		exit 1
		;;
	esac
	read -r wall cpu rss status <cost
}

calc() {
	awk "BEGIN { printf \"$1\", $2 }"
}

row() {
	printf '%-36s %12s %12s %12s %8s  %s\n' "$@"
}

# throughput LABEL SLOTS DELAY N TARGET.  With a DELAY, N is so many times SLOTS: else the last round
# of answers is waited for by slots that have nothing to ask.
throughput() {
	start "$3"
	read -r rate each <<END
$(bare "$url/chat/completions" "$2" "$4" 1000)
END
	row "$1, bare libcurl" "$rate/s" "$each us" - - -
	if [ -n "$driftlead" ]; then
		[ -d "suite$4" ] || suite "suite$4" "$4" 1000
		config "$2"
		run "suite$4"
		own=$(calc %.1f "$cpu * 1e6 / $4")
		row "$1, driftlead run" "$(calc %.0f "$4 / $wall")/s" "$own us" "$rss kB" \
			"$(calc %.2f "$own / $each")" "$5"
	fi
	stop
}

# once LABEL TARGET ARGS...
once() {
	label=$1 target=$2
	shift 2
	measured "$@"
	row "$label" "$(calc %.2f "$wall") s" "$(calc %.2f "$cpu") s" "$rss kB" - "$target"
}

# peak N: memory of a run of N cases of 1 kB, and what the store needs for them.
peak() {
	suite peak "$1" 1000
	start ""
	config 64
	run peak
	stop
	row "run of $1 cases of 1 kB" "$(calc %.0f "$1 / $wall")/s" \
		"$(calc %.1f "$cpu * 1e6 / $1") us" "$rss kB" - "$2"
	payload=$(($(wc -c <peak/cases.jsonl) + $1 * 300))
	row "  its store over its payload" - - - \
		"$(calc %.2f "$(wc -c <store.db) / $payload")" "<= 1.5"
}

# log_row LABEL RATIO TARGET COMMAND...: what the command costs over the log; sets cpu.
log_row() {
	label=$1 over=$2 target=$3
	shift 3
	DRIFTLEAD_THREADS=1 measure cost "$@" >out
	read -r wall cpu rss status <cost
	[ -z "$over" ] || over=$(calc %.2f "$cpu / $over")
	row "$label" "$(calc %.0f "$bytes / ($cpu + 0.001) / 1e6") MB/s" \
		"$(calc %.2f "$cpu * 1e6 / $records") us" "$rss kB" "${over:--}" "$target"
}

# logged: a log of production, read and redacted, beside wc and a parser that builds a tree.
logged() {
	logs write "$records" log.jsonl >out
	bytes=$(wc -c <log.jsonl)
	log_row "log of $records, wc -l" "" - wc -l log.jsonl
	log_row "  jansson, twelve fields" "" - logs jansson log.jsonl
	jansson=$cpu
	log_row "  the same fields and all others" "$jansson" "<= 0.17" logs read log.jsonl
	read_cpu=$cpu
	log_row "  and redacted" "$jansson" "<= 0.35" logs redact log.jsonl
	if [ -x "$B/tests/simdjson" ]; then
		log_row "  simdjson, twelve fields" "" - simdjson log.jsonl
		row "  ours over simdjson" - - - "$(calc %.2f "$read_cpu / $cpu")" "<= 3.00"
	else
		echo "  no simdjson here (make deps-bench): left out"
	fi
	rm log.jsonl
}

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(getconf _NPROCESSORS_ONLN) cores," \
	"$(uname -sr), libcurl $(pkg-config --modversion libcurl 2>/dev/null || echo unknown)"
row "" "speed" "CPU each" "memory" "ratio" "target"
throughput "64 slots, instant" 64 "" 20000 "<= 2.00, > 10,000/s"
throughput "256 slots, 50 ms" 256 50ms 20480 "<= 2.00"
throughput "1024 slots, 200 ms" 1024 200ms 51200 "> 4,600/s"

logged

if [ -z "$driftlead" ]; then
	echo "driftlead is not built: only the baseline was measured"
	exit 0
fi

# Start-up: a hundred times each, because one is too short for the clock.
for what in true "driftlead version"; do
	measure cost sh -c "i=0; while [ \$i -lt 100 ]; do env $what >/dev/null; i=\$((i + 1)); done"
	read -r wall cpu rss status <cost
	row "start-up, $what" "$(calc %.2f "$wall * 10") ms" "$(calc %.2f "$cpu * 10") ms" - - \
		"$([ "$what" = true ] && echo - || echo "< 10 ms more than true")"
done

peak 10000 "< 32,000 kB"
[ -z "${FULL:-}" ] || peak 1000000 "< 64,000 kB"

suite big "$cases" 200
start ""
config 64
run big
stop
once "score $cases answers" "< 2 s" score last --store store.db --config driftlead.yaml
once "show a run of $cases" "< 2 s" show last --store store.db --config driftlead.yaml
once "report a run of $cases" "< 2 s" report last --store store.db --config driftlead.yaml -o report

# Two releases of as many pairs in twenty slices: one gate by flips, one by ten thousand bootstraps.
awk -v n="$cases" 'BEGIN {
	srand(11)
	for (i = 1; i <= n; i++) {
		right = rand() < 0.8
		printf "{\"id\":\"c%d\",\"input\":\"order %d\",\"expect\":\"refund\",\"part\":\"s%d\"}\n",
		       i, i, i % 20 >"pairs.jsonl"
		printf "{\"id\":\"c%d\",\"answer\":\"%s\",\"ms\":%.3f}\n", i, right ? "refund" : "shipping",
		       100 - 40 * log(1 - rand()) >"before.jsonl"
		printf "{\"id\":\"c%d\",\"answer\":\"%s\",\"ms\":%.3f}\n", i,
		       (rand() < 0.84 ? right : !right) ? "refund" : "shipping",
		       100 - 40 * log(1 - rand()) >"after.jsonl"
	}
}'
cat >pairs.yaml <<END
suite: pairs
cases: pairs.jsonl
slices: { by: part, shares: { $(i=0; while [ $i -lt 20 ]; do printf '%ss%s: 5%%' "${sep:-}" $i; sep=', '; i=$((i + 1)); done) } }
metrics:
  - { name: label, scorer: exact }
  - { name: took, scorer: latency }
gates:
  - { name: holds, metric: label, rule: no-worse, margin: 2% }
  - { name: cheap, metric: took, rule: cost, margin: 90% }
END
cat >replays.yaml <<END
store: store.db
targets:
  before: { protocol: replay, answers: before.jsonl }
  after: { protocol: replay, answers: after.jsonl }
END
rm -f store.db*
"$driftlead" run pairs.yaml -t before -q --store store.db --config replays.yaml >/dev/null || true
"$driftlead" baseline set last -q --store store.db --config replays.yaml >/dev/null
"$driftlead" run pairs.yaml -t after -q --store store.db --config replays.yaml >/dev/null 2>&1 || true
once "gate $cases pairs, 20 slices" "< 2 s" gate last --store store.db --config replays.yaml
once "report of them" "< 3 s" report last --store store.db --config replays.yaml -o report
