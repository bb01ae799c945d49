#!/bin/sh
# drift.sh -- what it costs to profile windows of production and to compare them, beside the tools
# that one would use otherwise.
#
# RECORDS (1,000,000) of some 800 bytes are in each window, twelve features are watched on all
# cores.  BASELINE (200,000) are in the windows that pandas is given, because it needs 8 kB of
# memory for each record; its figures are per record.  FULL=1 adds a window of five million, 4 GB.
# A speed is in records of a second of the clock, a ratio over ours; CPU is that of one record.

set -eu
LC_ALL=C
export LC_ALL
root=$(cd "$(dirname "$0")/../.." && pwd)
B=${B:-build}
case $B in /*) ;; *) B=$root/$B ;; esac
records=${RECORDS:-1000000}
baseline=${BASELINE:-200000}
work=$(mktemp -d "${TMPDIR:-/tmp}/driftlead-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
PATH=$B:$B/tests:$PATH
NODE_PATH=$B/node/node_modules
export NODE_PATH
cd "$work"

cat >features.yaml <<'END'
features:
  - { name: latency, get: latency }
  - { name: first token, get: first_token }
  - { name: tokens in, get: tokens_in }
  - { name: tokens out, get: tokens_out }
  - { name: tokens, get: number, of: /response/usage/total_tokens }
  - { name: input, get: length, of: input }
  - { name: output, get: length, of: output }
  - { name: model, get: model }
  - { name: asked, get: category, of: asked }
  - { name: finish, get: finish }
  - { name: team, get: category, of: /metadata/team }
  - { name: label, get: category, of: output }
END

calc() {
	awk "BEGIN { printf \"$1\", $2 }"
}

row() {
	printf '%-40s %14s %12s %12s %8s  %s\n' "$@"
}

# cost N COMMAND...: of N records; sets wall, cpu (us of each), rss and speed.
cost() {
	n=$1
	shift
	measure cost "$@" >out 2>err && ended=0 || ended=$?
	if [ $ended -gt 1 ]; then
		echo "$* failed with status $ended:" >&2
		cat err >&2
		exit 1
	fi
	read -r wall cpu rss status <cost
	cpu=$(calc %.2f "$cpu * 1e6 / $n")
	speed=$(calc %.0f "$n / $wall")
}

# other LABEL N COMMAND...: a tool beside ours.
other() {
	label=$1
	shift
	cost "$@"
	row "$label" "$speed/s" "$cpu us" "$rss kB" "$(calc %.1f "$ours / $speed")" "${target:--}"
}

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(getconf _NPROCESSORS_ONLN) cores," \
	"$(uname -sr)"
row "" "speed" "CPU each" "memory" "ratio" "target"

logs write "$records" reference.jsonl >out
logs write "$records" current.jsonl "$records" >out
cost "$records" driftlead profile reference.jsonl -f features.yaml -o reference.profile -q
row "profile of $records, 12 features" "$speed/s" "$cpu us" "$rss kB" - "< 128,000 kB"
ours=$speed
one=$wall
cost "$records" driftlead profile current.jsonl -f features.yaml -o current.profile -q
cost 1 driftlead drift reference.profile current.profile
row "  two profiles compared" "$(calc %.3f "$wall") s" - "$rss kB" - "< 1 s"
cost "$records" env DRIFTLEAD_THREADS=1 driftlead profile current.jsonl -f features.yaml -o p -q
row "  on one core" "$speed/s" "$cpu us" "$rss kB" "$(calc %.2f "$wall / $one")" \
	">= 1.80 on two cores"
cost $((2 * records)) driftlead drift reference.jsonl current.jsonl --features features.yaml
row "drift of $records and $records" "$speed/s" "$cpu us" "$rss kB" - -
ours=$speed

head -n "$baseline" reference.jsonl >a.jsonl
head -n "$baseline" current.jsonl >b.jsonl
for python in python3 /usr/bin/python3 ''; do
	[ -n "$python" ] && "$python" -c 'import pandas, scipy' 2>/dev/null && break
done
if [ -n "$python" ]; then
	pandas=$("$python" -c 'import pandas, scipy; print(pandas.__version__, "SciPy", scipy.__version__)')
	target=">= 25" other "  pandas $pandas, read_json" $((2 * baseline)) \
		"$python" "$root/tests/bench/drift_pandas.py" read_json a.jsonl b.jsonl
	other "  the same, json line by line" $((2 * baseline)) \
		"$python" "$root/tests/bench/drift_pandas.py" lines a.jsonl b.jsonl
else
	echo "no pandas and SciPy here (make deps-bench): left out"
fi
if node -e 'require.resolve("@duckdb/node-api")' 2>/dev/null; then
	other "  DuckDB, a window summarised, no tests" "$records" \
		node "$root/tests/bench/drift_duckdb.mjs" reference.jsonl
else
	echo "no DuckDB here (make deps-bench): left out"
fi

if [ -n "${FULL:-}" ]; then
	rm -f ./*.jsonl
	logs write 5000000 large.jsonl >out
	cost 5000000 driftlead profile large.jsonl -f features.yaml -o large.profile -q
	row "profile of 5000000, $(wc -c <large.jsonl | awk '{ printf "%.1f GB", $1 / 1e9 }')" "$speed/s" \
		"$cpu us" "$rss kB" - "< 128,000 kB"
	cost 1 driftlead drift large.profile large.profile
	row "  two such compared" "$(calc %.3f "$wall") s" - "$rss kB" - "< 1 s"
fi
