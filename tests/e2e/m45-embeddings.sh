#!/bin/sh
# Embeddings: asked of a server as any target is, kept as answers, and compared as windows.
. "${0%/*}/lib.sh"

# vectors NAME SHIFT: NAME.jsonl, 300 texts, and NAME.play with an embedding for each of them.
vectors() {
	awk -v name="$1" -v shift="$2" 'BEGIN {
		srand(length(name) + 100 * shift)
		for (i = 1; i <= 300; i++) {
			printf "{\"id\":\"%s-%d\",\"text\":\"%s order %d.\"}\n", name, i, name, i >(name ".jsonl")
			printf "on \"%s order %d.\" reply 200 bytes \"{\\\"data\\\":[{\\\"embedding\\\":[", name, i >(name ".play")
			for (d = 0; d < 16; d++)
				printf "%s%.4f", d ? "," : "", rand() + rand() + rand() - 1.5 + shift >(name ".play")
			print "]}]}\"" >(name ".play")
		}
	}'
	printf 'suite: %s\ncases: %s.jsonl\nfields: { input: text }\nprompt: "{{input}}"\nmetrics: [ { name: size, scorer: length } ]\n' \
		"$1" "$1" >"$1.yaml"
}

vectors first 0
vectors second 0
vectors moved 0.2
cat first.play second.play moved.play >all.play
stub "$PWD/all.play"
cat >driftlead.yaml <<END
targets:
  e5: { protocol: embeddings, url: $STUB_URL, model: e5-small }
END

begin "a server's embeddings are answers"
for suite in first second moved; do
	driftlead run $suite.yaml -t e5 -q >"$OUT" 2>"$ERR" || [ $? = 3 ] || fail "run of $suite" "$ERR"
done
expect_exit 0 driftlead show 1 first-7
contains "$OUT" "["

begin "runs of one model over the same traffic are alike, another traffic is not"
cat >features.yaml <<'END'
features:
  - { name: meaning, get: embedding, of: output, dimensions: 16 }
END
driftlead drift 1 2 --features features.yaml --json >"$OUT"
json '[.verdict, .findings[0].detector, .findings[0].n_current] | @csv' '"PASS","mmd",300'
expect_exit 1 driftlead drift 1 3 --features features.yaml --json
json '[.findings[] | select(.verdict == "FAIL") | [.feature, .detector]] | flatten | @csv' '"meaning","mmd"'

begin "what is no embedding is garbage, and never taken for one"
stub - <<'END'
on any reply 200 text "hello"
END
sed -i "s|url: [^,]*|url: $STUB_URL|" driftlead.yaml
driftlead run first.yaml -t e5 -q --fresh >"$OUT" 2>"$ERR"
driftlead export last >answers
is "$(jq -r .outcome <answers | sort -u)" garbage

finish
