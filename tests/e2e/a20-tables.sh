#!/bin/sh
# The tables of the program, its manual, its help and its completion say the same.
. "${0%/*}/lib.sh"

MAN=$ROOT/man

# rows MACRO FILE: the names in MACRO(name) lines.
rows() {
	sed -n "s/^$1(\(.*\))\$/\1/p" "$ROOT/$2"
}

# The .It line that the manual must have for each option of a help text on standard input.
option_items() {
	sed '1,/^options$/d' | awk '
	/^  -., --/ || /^      --/ {
		item = ".It"
		if ($1 ~ /^-.,$/) { item = item " Fl " substr($1, 2, 1) " ,"; $1 = ""; $0 = $0 }
		name = $1; sub(/^--/, "-", name)
		item = item " Fl " name
		if ($2 ~ /^[A-Z]+$/) item = item " Ar " $2
		print item
	}'
}

# option_lines FILE: the options that a page lists.
option_lines() {
	grep '^\.It Fl ' "$1" | LC_ALL=C sort
}

# items FILE [SECTION]: the words of .It Ic lines, of the whole page or of one .Ss.
items() {
	awk -v want="${2:-}" '
	/^\.S[hs] / { here = $0; sub(/^\.S[hs] /, "", here) }
	/^\.It Ic / && (want == "" || here == want) {
		for (i = 3; i <= NF && $i != ":" && $i != "Ar"; i++)
			if ($i != ",") print $i
	}' "$1" | sort -u
}

# alike WHAT HAVE WANTED: two lists of lines, each in a file; says what only one of them has.
alike() {
	sort -u "$2" >"$SCRATCH/have"
	sort -u "$3" >"$SCRATCH/want"
	comm -13 "$SCRATCH/have" "$SCRATCH/want" >"$SCRATCH/lacking"
	comm -23 "$SCRATCH/have" "$SCRATCH/want" >"$SCRATCH/extra"
	[ ! -s "$SCRATCH/lacking" ] || fail "$1 lacks" "$SCRATCH/lacking"
	[ ! -s "$SCRATCH/extra" ] || fail "$1 has, and the program has not" "$SCRATCH/extra"
}

driftlead init -q >/dev/null || exit 4

# ---- commands -------------------------------------------------------------------------------

driftlead help >overview || exit 4
driftlead version -h | option_items | sort >common

begin "the common options are in driftlead(1)"
option_lines "$MAN/driftlead.1" >have
alike "driftlead.1" have common

for c in $(rows COMMAND harness/commands.def); do
	page=$MAN/driftlead-$c.1
	begin "command $c"
	expect_exit 0 driftlead "$c" -h
	cp "$OUT" help
	contains help "usage: driftlead $c"
	expect_exit 0 driftlead help "$c"
	cmp -s "$OUT" help || fail "'driftlead help $c' is not 'driftlead $c -h'"
	grep -q "^  $c  *[^ ]" overview || fail "'driftlead help' does not list it"
	grep -qx "\.It Xr driftlead-$c 1" "$MAN/driftlead.1" || fail "driftlead(1) does not list it"
	if [ ! -e "$page" ]; then
		fail "it has no page"
		continue
	fi
	option_items <help | sort | comm -23 - common >own
	# A page may repeat the common options.
	option_lines "$page" | comm -23 - common >have
	alike "${page##*/}" have own
	for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
		grep -qx "\.Sh $section" "$page" || fail "${page##*/} has no $section"
	done
	contains "$page" "driftlead 1"
done

begin "no page describes a command that does not exist"
for page in "$MAN"/driftlead-*.1; do
	name=${page##*/driftlead-} name=${name%.1}
	rows COMMAND harness/commands.def | grep -qx "$name" || fail "${page##*/}: no such command"
done

begin "pages refer to pages that exist"
for page in "$MAN"/*.[0-9]; do
	sed -n 's/^\.\(It \)\{0,1\}Xr \(driftlead[a-z-]*\) \([0-9]\).*/\2.\3/p' "$page" | sort -u |
		while read -r other; do
			[ -e "$MAN/$other" ] || echo "${page##*/}: $other"
		done
done >missing
[ ! -s missing ] || fail "they refer to" missing

# ---- scorers, protocols, features, detectors, rules --------------------------------------------------------------

for what in scorers protocols features detectors; do
	case $what in
	scorers) rows SCORER metrics/scorers.def ;;
	protocols) rows PROTOCOL harness/protocols.def ;;
	features) rows FEATURE drift/features.def ;;
	detectors) rows DETECTOR drift/detectors.def ;;
	esac >names
	begin "list $what"
	expect_exit 0 driftlead list $what
	awk '{ print $1 }' "$OUT" >have
	alike "driftlead list $what" have names
	expect_exit 0 driftlead list $what --json
	json ".$what | length" "$(wc -l <names | tr -d ' ')"
	cp "$OUT" $what.json
done

for x in $(rows SCORER metrics/scorers.def); do
	begin "scorer $x"
	grep -qx "\.Ss $x" "$MAN/driftlead-metrics.7" || fail "driftlead-metrics(7) has no entry"
	jq -r ".scorers[] | select(.name == \"$x\") | .params.properties // {} | keys[]" \
		scorers.json >params
	items "$MAN/driftlead-metrics.7" "$x" >have
	alike "its entry in driftlead-metrics(7)" have params
	version=$(jq -r ".scorers[] | select(.name == \"$x\") | .note" scorers.json)
	awk -v x="$x" '/^\.S[sh]/ { here = $2 } here == x' "$MAN/driftlead-metrics.7" |
		grep -q "^Version: ${version#version }\.\$" || fail "its entry has not its $version"
done

for x in $(rows PROTOCOL harness/protocols.def); do
	begin "protocol $x"
	grep -qx "\.Ss $x" "$MAN/driftlead-protocols.7" || fail "driftlead-protocols(7) has no entry"
	jq -r ".protocols[] | select(.name == \"$x\") | .params.properties // {} | keys[]" \
		protocols.json >params
	if [ "$x" = exec ]; then
		items "$MAN/driftlead-exec.5" Parameters >have
	else
		items "$MAN/driftlead-protocols.7" "$x" >have
	fi
	alike "its entry" have params
done

for x in $(rows FEATURE drift/features.def); do
	begin "feature $x"
	awk -v x="$x" '/^\.S[sh]/ { here = $2 } here == x' "$MAN/driftlead-features.7" >entry
	[ -s entry ] || fail "driftlead-features(7) has no entry"
	jq -r ".features[] | select(.name == \"$x\") | .params.properties // {} | keys[]" \
		features.json >params
	items "$MAN/driftlead-features.7" "$x" >have
	alike "its entry in driftlead-features(7)" have params
	note=$(jq -r ".features[] | select(.name == \"$x\") | .note" features.json)
	grep -qx "Shape: ${note% v*}\." entry || fail "its entry has not the shape ${note% v*}"
	grep -qx "Version: ${note#* v}\." entry || fail "its entry has not the version ${note#* v}"
done

for x in $(rows DETECTOR drift/detectors.def); do
	begin "detector $x"
	awk -v x="$x" '/^\.S[sh]/ { here = $2 } here == x' "$MAN/driftlead-detectors.7" >entry
	[ -s entry ] || fail "driftlead-detectors(7) has no entry"
	jq -r ".detectors[] | select(.name == \"$x\") | \"Shapes: \" + .note + \".\"" \
		detectors.json >want
	jq -r ".detectors[] | select(.name == \"$x\") | .help" detectors.json | sed '
		s/^.*; tolerance \(.*\), \(.*\), version \(.*\)$/Tolerance: \1.\
Unit: \2.\
Version: \3./' >>want
	grep -E '^(Shapes|Unit|Tolerance|Version): ' entry >have
	alike "its entry in driftlead-detectors(7)" have want
done

begin "every phrase of a refusal is in driftlead-features(7)"
if command -v mandoc >/dev/null; then
	sed -n '/^static const char \*const known/,/^};/p' "$ROOT/drift/feat_refusal.c" |
		grep -o '"[^"]*"' | tr -d '"' >want
	mandoc -T utf8 "$MAN/driftlead-features.7" | sed 's/^ *//' | grep -xFf want >have
	alike "driftlead-features(7)" have want
fi

begin "list rules and targets"
expect_exit 0 driftlead list rules
for rule in $(awk '{ print $1 }' "$OUT"); do
	contains "$MAN/driftlead-gates.7" "$rule"
	contains "$MAN/driftlead-suite.5" "$rule"
done
expect_exit 0 driftlead list targets
is "$(awk '{ print $1 }' "$OUT" | tr '\n' ' ')" "nearest nearest-one "

# ---- the configuration files ----------------------------------------------------------------

begin "every key of a suite is in driftlead-suite(5)"
expect_exit 0 driftlead schema suite
jq -r '.properties, (."$defs" | del(.metric)[] | .properties),
	."$defs".metric.oneOf[0].properties | keys[]' "$OUT" >all
jq -r '.scorers[0].params.properties | keys[]' scorers.json >params
grep -vxFf params all >keys
items "$MAN/driftlead-suite.5" >have
alike "driftlead-suite(5)" have keys

begin "every key of a project is in driftlead-project(5)"
expect_exit 0 driftlead schema project
# Of the alternatives, that of echo, which has no parameters of its own.
jq -r '.properties, (."$defs" | del(.target, .feature)[] | .properties),
	(."$defs".feature.oneOf[] | select(.allOf[0].properties.get.const == "latency") | .properties),
	(."$defs".target.oneOf[] | select(.allOf[0].properties.protocol.const == "echo") | .properties)
	| keys[]' "$OUT" >keys
items "$MAN/driftlead-project.5" >have
alike "driftlead-project(5)" have keys

begin "every key of a ladder is in driftlead-ladder(5)"
expect_exit 0 driftlead schema ladder
jq -r '.properties, (."$defs" | del(.message)[] | .properties) | keys[]' "$OUT" >keys
items "$MAN/driftlead-ladder.5" >have
alike "driftlead-ladder(5)" have keys

begin "every key of the features is in driftlead-profile(1)"
expect_exit 0 driftlead schema features
jq -r '.properties, (."$defs".feature.oneOf[] | select(.allOf[0].properties.get.const == "latency") |
	.properties) | keys[]' "$OUT" >keys
for key in $(cat keys); do
	grep -qx "\.Ic $key *,*" "$MAN/driftlead-profile.1" || fail "driftlead-profile(1) has no $key"
done
jq -r '."$defs".feature.oneOf[].allOf[0].properties.get.const' "$OUT" >have
rows FEATURE drift/features.def >names
alike "the schema of features" have names

begin "references inside the schemas hold"
for what in suite project ladder features; do
	driftlead schema $what >schema.json
	jq -r '.. | objects | ."$ref"? // empty | sub("#/.defs/"; "")' schema.json | sort -u >have
	jq -r '."$defs" | keys[]' schema.json >want
	alike "the schema of a $what" have want
done

# ---- reason codes ---------------------------------------------------------------------------

begin "every reason code is in driftlead-gates(7)"
cat "$ROOT"/harness/gate*.c | tr '\n\t' '  ' |
	grep -oE '((decide|void_all)\(|\*reason = )[^;]*;' | grep -oE '"[a-z]+(_[a-z]+)+"' >all
grep -oE '(INCONCLUSIVE|PASS|FAIL|INVALID|:|\?),? "[a-z]+(_[a-z]+)*"' "$ROOT/metrics/stats/rules.c" \
	"$ROOT"/harness/gate.c "$ROOT"/harness/gate_[ps][ai]*.c | grep -oE '"[a-z]+(_[a-z]+)*"' >>all
sed -n 's/^\t{ \("[a-z_]*"\), "[^"]*" },$/\1/p' "$ROOT/harness/gate.c" >>all
tr -d '"' <all | sort -u >codes
sed -n 's/^\.It Sy //p' "$MAN/driftlead-gates.7" >have
alike "driftlead-gates(7)" have codes

begin "every output is in driftlead-ci(7), and an option of run, gate and report"
sed -n 's/^OUTPUT[A-Z_]*(\([a-z]*\),.*/\1/p' "$ROOT/reports/outputs.def" >names
[ -s names ] || fail "there is none"
while read -r name; do
	grep -qx "\.Ss $name" "$MAN/driftlead-ci.7" || fail "driftlead-ci(7) has no $name"
	for c in run gate report; do
		driftlead $c -h | grep -q "^ *--$name " || fail "$c has no --$name"
	done
done <names

# ---- completion -----------------------------------------------------------------------------

for shell in bash zsh fish; do
	begin "completion for $shell"
	expect_exit 0 driftlead completion $shell
	cp "$OUT" script
	if command -v $shell >/dev/null; then
		expect_exit 0 $shell -n script
	fi
	for c in $(rows COMMAND harness/commands.def); do
		case $shell in
		bash) grep "^	*$c) COMPREPLY" script ;;
		zsh) grep "^	$c) _arguments" script ;;
		fish) grep "__fish_seen_subcommand_from $c'" script ;;
		esac >part || fail "no options of $c"
		driftlead "$c" -h | option_items | sed 's/.* Fl -\([a-z-]*\).*/\1/' >options
		while read -r name; do
			grep -qE -- "(--| -l )$name([ =[']|\$)" part || fail "$c --$name is not in it"
		done <options
	done
done

# ---- what is printed and stored -------------------------------------------------------------

begin "a store to look at"
expect_exit 0 driftlead run suites/tickets -t nearest -q
expect_exit 0 driftlead baseline set last -q
expect_exit 0 driftlead run suites/tickets -t nearest-one -q

# Each member of the JSON in $OUT, once.  What stands in params is a schema, not ours to list.
members() {
	jq -r 'walk(if type == "object" and has("params") then .params = {} else . end) |
		[paths | .[] | strings] | unique | .[]' "$OUT"
}

# documented SECTION...: the members that these sections of driftlead-json(5) list.
documented() {
	for lib_section; do
		awk -v want="$lib_section" '
		/^\.S[hs] / { here = substr($0, 5) }
		here == want' "$MAN/driftlead-json.5"
	done | sed -n 's/^\.\(It \)\{0,1\}Va //p' | tr ' ,' '\n\n' | grep '[a-z]' | sort -u
}

# printed SECTION...: what $OUT holds is in these sections; kept for `filled`, because no single
# output has everything.
printed() {
	members | sort -u >"$SCRATCH/printed"
	documented "$@" >"$SCRATCH/documented"
	comm -23 "$SCRATCH/printed" "$SCRATCH/documented" >"$SCRATCH/lacking"
	[ ! -s "$SCRATCH/lacking" ] || fail "driftlead-json(5), $1, lacks" "$SCRATCH/lacking"
	cat "$SCRATCH/printed" >>"$SCRATCH/all-$1"
}

# filled SECTION...: every member of these sections was printed by something.
filled() {
	sort -u "$SCRATCH/all-$1" >"$SCRATCH/printed"
	documented "$@" | comm -23 - "$SCRATCH/printed" >"$SCRATCH/extra"
	[ ! -s "$SCRATCH/extra" ] || fail "driftlead-json(5), $1, has, and nothing prints it" \
		"$SCRATCH/extra"
}

begin "what run, score, gate and show print is in driftlead-json(5)"
cat >served.yaml <<END
targets:
  served:
    protocol: openai
    url: http://127.0.0.1:{port}/v1
    model: m
    serve: { command: [$B/tests/stub, served.play, --port, "{port}"], weights: served.play,
      version: [echo, "1"] }
END
echo 'on any reply 200 text "refund"' >served.play
expect_exit 1 driftlead run suites/tickets -t served -C served.yaml --json
printed "A RUN" "A VERDICT"
expect_exit 0 driftlead score last --json
printed "A RUN" "A VERDICT"
expect_exit 0 driftlead show last --json
printed "A RUN" "A VERDICT"
sed '$a\
  - { name: seldom wrong, metric: label, rule: guardrail, value: 30% }' \
	"$ROOT/suites/tickets/release.yaml" >suites/tickets/release.yaml
expect_exit 1 driftlead gate last --suite suites/tickets/release.yaml --json
printed "A RUN" "A VERDICT"
sed '$a\
sequential: yes\
preflight: 300' suites/tickets/release.yaml >suites/tickets/sequential.yaml
expect_exit 0 driftlead run suites/tickets/sequential.yaml -t nearest-one --json
printed "A RUN" "A VERDICT"
filled "A RUN" "A VERDICT"

begin "enough runs for a history"
for i in 1 2 3; do
	expect_exit 0 driftlead run suites/tickets -t nearest-one -q --fresh
done

begin "what the other commands print is in driftlead-json(5)"
cat suites/tickets/ladder.yaml - >suites/tickets/routed.yaml <<END
router: { cheap: one neighbour, strong: five neighbours, confidence: latency }
END
for i in 1 2 3 4 5 6; do
	echo '{"label":"a","latency":'$i',"input":"who?"}'
done >requests.jsonl
expect_exit 0 driftlead profile requests.jsonl -o p.profile
while IFS='|' read -r section command; do
	# shellcheck disable=SC2086
	expect_exit 0 driftlead $command --json
	printed "$section"
	echo "$section" >>sections
done <<END
run --dry-run|run suites/tickets -t nearest -n
show RUN CASE|show last c001
compare|compare last baseline
compare|compare last baseline --rescore
compare|compare last baseline --traffic suites/tickets/train.jsonl
size|size suites/tickets/release.yaml
history|history suites/tickets
ladder|ladder suites/tickets/routed.yaml
ladder --dry-run|ladder suites/tickets/routed.yaml -n
drift|drift last last
log|log
baseline set and baseline drop|baseline set last --name other
baseline list|baseline list
baseline set and baseline drop|baseline drop --suite tickets --name other
report|report last -o page.html
profile|profile show p.profile
list|list scorers
list|list protocols
list|list targets
list|list rules
list|list features
list|list detectors
doctor|doctor
init|init folder
version|version
END
cat >>driftlead.yaml <<END
watches:
  traffic: { source: traffic.jsonl, window: 2d, reference: pinned first, every: 1d }
END
awk 'BEGIN { srand(1); for (i = 0; i < 864; i++) printf "{\"time\":%d,\"intent\":\"%s\"}\n",
	1767225600 + 600 * i, 700 < i || rand() < 0.3 ? "refund" : "shipping" }' >traffic.jsonl
expect_exit 0 driftlead list watches --json
printed "list watches"
filled "list watches"
expect_exit 0 driftlead drift traffic --pin first --now 2026-01-03 --json
printed "drift --pin"
filled "drift --pin"
expect_exit 1 driftlead drift traffic --now 2026-01-07 --json
printed drift
expect_exit 1 driftlead due --run --now 2026-01-07T23:30:00Z --json
jq '.due[].check |= type' "$OUT" >due.json
cp due.json "$OUT"
printed due
filled due
grep -v refund suites/tickets/train.jsonl >day.jsonl
expect_exit 1 driftlead drift suites/tickets/train.jsonl day.jsonl --field input=text --json
printed drift
awk 'BEGIN { for (i = 0; i < 600; i++) printf "{\"confidence\":%.2f,\"prediction\":\"%s\",\"label\":\"%s\"}\n",
	i % 100 / 100, i % 2 ? "a" : "b", (i % 101 < i % 100) == i % 2 ? "a" : "b" }' >graded.jsonl
driftlead performance graded.jsonl graded.jsonl --json >"$OUT"
printed performance
echo performance >>sections
sort -u sections >each
while read -r section; do
	filled "$section"
done <each

begin "every other command refuses --json, or prints JSON anyway"
for c in $(rows COMMAND harness/commands.def); do
	case $c in
	run | score | gate | ladder | baseline | compare | drift | due | performance | size | history | log | show | report | list | \
		profile | doctor | init | version) ;;
	schema) expect_exit 0 driftlead schema suite --json && cp "$OUT" with
		expect_exit 0 driftlead schema suite
		cmp -s "$OUT" with || fail "the schema differs with --json" ;;
	export) expect_exit 2 driftlead export last --json ;;
	completion) expect_exit 2 driftlead completion bash --json ;;
	help) expect_exit 2 driftlead help --json ;;
	*) fail "nobody looks at what '$c --json' prints" ;;
	esac
done

begin "the rows of export are in its page"
expect_exit 0 sh -c 'driftlead export last | head -n 1 | jq "del(.scores[])"'
sed -n 's/^\.It Va //p' "$MAN/driftlead-export.1" | tr ' ,' '\n\n' | grep '[a-z]' >have
members >names
alike "driftlead-export(1)" have names

begin "the views are those of driftlead-db(5)"
awk '/^\.S[sh] / { view = $2 } /^\.It Va / && view ~ /^v_/ { print view "." $3 }' \
	"$MAN/driftlead-db.5" >have
sqlite3 -batch -readonly "$STORE" "SELECT v.name || '.' || c.name FROM sqlite_schema v,
	pragma_table_info(v.name) c WHERE v.type = 'view'" >views
[ -s views ] || fail "the store has no views"
alike "driftlead-db(5)" have views

finish
