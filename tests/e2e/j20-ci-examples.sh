#!/bin/sh
# The examples for CI systems do what they say: their shell steps are taken out of the files and
# run as the system would run them, with the engine that needs no key.
. "${0%/*}/lib.sh"

EXAMPLES=$ROOT/suites/examples

# An own project in a checkout of its own; the variables of the last system are forgotten.
checkout() {
	unset GITHUB_ACTIONS GITHUB_WORKSPACE GITHUB_REF GITHUB_STEP_SUMMARY GITHUB_OUTPUT RUNNER_TEMP \
		CI_PROJECT_DIR CI_COMMIT_BRANCH CI_DEFAULT_BRANCH WORKSPACE SUITE TARGET
	cd "$SCRATCH" || exit 4
	rm -rf "$1" && mkdir -p "$1/.git" && cd "$1" || exit 4
	driftlead init -q >/dev/null || exit 4
	cp "$ROOT/suites/tickets/release.yaml" suites/tickets/
	echo "  parrot: { protocol: echo }" >>driftlead.yaml
	STORE=$PWD/.driftlead/store.db
}

# variables FILE: the lines `SUITE: x` or `SUITE = 'x'` or SUITE=x of an example, into the
# environment.
variables() {
	eval "$(sed -n "s/^ *\(SUITE\|TARGET\) *[:=] *'\{0,1\}\([^']*\)'\{0,1\}\$/export \1='\2'/p" "$1")"
}

begin "the YAML of the examples is YAML"
checkout yaml
for f in github.yml gitlab-ci.yml; do
	cp "$EXAMPLES/$f" suite.yaml
	expect_exit 2 driftlead run suite.yaml -t nearest -n
	contains "$ERR" "unknown key"
	lacks "$ERR" "could not find"
	lacks "$ERR" "did not find"
done

# ---- GitHub Actions -----------------------------------------------------------------------------

# The `run` of each step: N.sh, and N.if with its condition.
github_steps() {
	rm -rf "$SCRATCH/steps" && mkdir "$SCRATCH/steps"
	awk -v dir="$SCRATCH/steps" '
	/^      - / { n++; block = 0 }
	/^ +if: / { sub(/^ +if: /, ""); print >(dir "/" n ".if"); next }
	/^ +run: \|$/ { block = 1; next }
	/^ +run: / { sub(/^ +run: /, ""); print >(dir "/" n ".sh"); next }
	block && /^          / { print substr($0, 11) >(dir "/" n ".sh"); next }
	{ block = 0 }' "$EXAMPLES/github.yml"
}

# Runs them as the runner does: after a failure only those that say always().
github_job() {
	job=0
	: >"$SCRATCH/log"
	: >"$SCRATCH/summary"
	: >"$SCRATCH/outputs"
	for step in $(ls "$SCRATCH/steps" | sed -n 's/\.sh$//p' | sort -n); do
		[ $job -eq 0 ] || grep -q 'always()' "$SCRATCH/steps/$step.if" 2>/dev/null || continue
		bash --noprofile --norc -eo pipefail "$SCRATCH/steps/$step.sh" >>"$SCRATCH/log" 2>&1
		status=$?
		[ $status -eq 0 ] || job=$status
	done
}

github_checkout() {
	checkout "$1"
	variables "$EXAMPLES/github.yml"
	GITHUB_ACTIONS=true GITHUB_WORKSPACE=$PWD GITHUB_REF=refs/heads/main RUNNER_TEMP=$SCRATCH/tmp
	GITHUB_STEP_SUMMARY=$SCRATCH/summary GITHUB_OUTPUT=$SCRATCH/outputs
	export GITHUB_ACTIONS GITHUB_WORKSPACE GITHUB_REF RUNNER_TEMP GITHUB_STEP_SUMMARY GITHUB_OUTPUT
}

begin "GitHub: a release that passes on main becomes the baseline"
github_steps
is "$(ls "$SCRATCH/steps" | grep -c 'sh$')" 4 "the steps with a shell"
github_checkout github
github_job
is $job 0 "the job"
same "select run from v_baseline" 1
contains "$SCRATCH/summary" '## PASS: `tickets` on `nearest`'
grep -qx PASS "$SCRATCH/outputs" || fail "no verdict among the outputs" "$SCRATCH/outputs"
grep -q '^::notice file=suites/tickets/suite.yaml,' "$SCRATCH/log" || fail "no notice" "$SCRATCH/log"
json '.version' 2.1.0 driftlead.sarif
contains driftlead.html "May ship."

begin "GitHub: a pull request that fails keeps the baseline, and shows why"
GITHUB_REF=refs/pull/1/merge SUITE=suites/tickets/release.yaml TARGET=parrot
github_job
is $job 1 "the job"
same "select run from v_baseline" 1
contains "$SCRATCH/summary" "## FAIL:"
is "$(grep -c '^::error' "$SCRATCH/log" | awk '{ print ($1 >= 2 && $1 <= 10) }')" 1 "some errors"
json '[.runs[0].results[] | select(.level == "error")] | length > 0' true driftlead.sarif
contains driftlead.html "Do not ship."

begin "GitHub: what cannot be told stops a release too"
github_checkout fresh
SUITE=suites/tickets/release.yaml
github_job
is $job 3 "the job"
same "select count(*) from v_baseline" 0
contains "$SCRATCH/summary" "driftlead baseline set RUN"

# ---- GitLab -------------------------------------------------------------------------------------

# gitlab_script KEY: the lines of a job's script.
gitlab_script() {
	awk -v key="$1" '
	$0 == "  " key ":" { inside = 1; next }
	/^  [a-z]/ { inside = 0 }
	inside && /^    - \|$/ { next }
	inside && /^    - / { print substr($0, 7); next }
	inside && /^      / { print substr($0, 7) }' "$EXAMPLES/gitlab-ci.yml"
}

gitlab_job() {
	{ gitlab_script before_script; gitlab_script script; } >"$SCRATCH/script.sh"
	gitlab_script after_script >"$SCRATCH/after.sh"
	bash -e "$SCRATCH/script.sh" >"$SCRATCH/log" 2>&1
	job=$?
	bash -e "$SCRATCH/after.sh" >>"$SCRATCH/log" 2>&1 || fail "after_script" "$SCRATCH/log"
}

begin "GitLab: pass, fail, and the files it collects"
checkout gitlab
variables "$EXAMPLES/gitlab-ci.yml"
CI_PROJECT_DIR=$PWD CI_COMMIT_BRANCH=main CI_DEFAULT_BRANCH=main
export CI_PROJECT_DIR CI_COMMIT_BRANCH CI_DEFAULT_BRANCH
gitlab_job
is $job 0 "the job"
is "$(wc -l <"$SCRATCH/script.sh" | awk '{ print ($1 > 8) }')" 1 "whether its script was found"
same "select run from v_baseline" 1
json '[.[] | .severity] | unique | join(" ")' minor gl-code-quality-report.json
CI_COMMIT_BRANCH='' SUITE=suites/tickets/release.yaml TARGET=parrot
gitlab_job
is $job 1 "the job of a release that fails"
same "select run from v_baseline" 1
json '.[0].severity' blocker gl-code-quality-report.json
json '[.[].location.path] | unique | join(" ")' \
	"suites/tickets/cases.jsonl suites/tickets/release.yaml" gl-code-quality-report.json
contains driftlead.md "## FAIL:"
contains driftlead.xml 'classname="gate"'
for f in $(sed -n 's/^ *\(junit\|codequality\): //p; s/^ *paths: \[\(driftlead.*\)\]/\1/p' \
	"$EXAMPLES/gitlab-ci.yml" | tr ',' ' '); do
	[ -s "$f" ] || fail "the artifact $f is not there"
done
rm -rf .driftlead
TARGET=nearest
gitlab_job
is $job 3 "the job without a baseline"
contains "$EXAMPLES/gitlab-ci.yml" "exit_codes: [3]"

# ---- Jenkins ------------------------------------------------------------------------------------

# jenkins_block N: the N-th ''' ... ''', with Groovy's backslashes read.
jenkins_block() {
	awk -v want="$1" -v q="'''" '
	index($0, q) { inside = !inside; if (inside) n++; next }
	inside && n == want' "$EXAMPLES/Jenkinsfile" | sed 's/\\\\/\\/g' >"$SCRATCH/block.sh"
	[ -s "$SCRATCH/block.sh" ] || fail "there is no block $1 in the Jenkinsfile"
	sh -xe "$SCRATCH/block.sh" >"$SCRATCH/log" 2>&1
}

begin "Jenkins: judge, baseline, post"
checkout jenkins
variables "$EXAMPLES/Jenkinsfile"
WORKSPACE=$PWD
export WORKSPACE
jenkins_block 1
is $? 0 "the stage Judge"
jenkins_block 2
is $? 0 "the stage Baseline"
same "select run from v_baseline" 1
jenkins_block 3
is $? 0 "post"
[ -s driftlead.html ] && [ -s driftlead.xml ] && [ -s driftlead.md ] || fail "a file is missing"
SUITE=suites/tickets/release.yaml TARGET=parrot
jenkins_block 1
is $? 1 "the stage Judge of a release that fails"
jenkins_block 3
is $? 0 "post after a failure"
contains driftlead.html "Do not ship."

# ---- cron ---------------------------------------------------------------------------------------

# cron_line N: the command of the N-th line with a schedule, as cron hands it to the shell.
cron_line() {
	awk -v want="$1" '/^[0-9*]/ && ++n == want {
		for (i = 0; i < 5; i++) sub(/^[^ \t]+[ \t]+/, "")
		print
	}' "$EXAMPLES/crontab" >"$SCRATCH/line"
	[ -s "$SCRATCH/line" ] || fail "there is no line $1 in the crontab"
	(cd / && env -i HOME="$HOME" PATH="$PATH" PROJECT="$PROJECT" SUITE="$SUITE" TARGET="$TARGET" \
		/bin/sh -c "$(cat "$SCRATCH/line")") >"$OUT" 2>"$ERR"
}

begin "cron: silence when all is well, a mail when it is not"
checkout cron
variables "$EXAMPLES/crontab"
PROJECT=$PWD
cron_line 1
is $? 0 "the night"
[ ! -s "$OUT" ] && [ ! -s "$ERR" ] || fail "a PASS is mailed" "$OUT" "$ERR"
same "select count(*) from v_run" 1
cron_line 2
is $? 0 "the week"
[ -s driftlead.html ] || fail "there is no page"
TARGET=parrot
cron_line 1
is $? 1 "a night that fails"
is "$(head -n 1 "$OUT")" "driftlead: exit status 1"
contains "$OUT" "## FAIL:"
lacks "$EXAMPLES/crontab" %
TARGET=nobody
cron_line 1
is $? 2 "a night with a mistake"
contains "$ERR" nobody
lacks "$OUT" "## FAIL:"

begin "cron: another writer is no news"
TARGET=nearest
(flock 9 && echo locked >"$SCRATCH/locked" && exec sleep 20) 9>>"$STORE-lock" &
holder=$!
poll test -s "$SCRATCH/locked"
driftlead gate last >/dev/null 2>"$ERR"
is $? 75 "the lock"
cron_line 1
is $? 0 "the night"
[ ! -s "$OUT" ] || fail "it is mailed" "$OUT"
kill $holder 2>/dev/null
wait $holder 2>/dev/null

finish
