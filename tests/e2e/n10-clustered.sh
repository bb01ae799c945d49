#!/bin/sh
# Ten questions about each document: the gate errs as seldom as it says when it is told which belong
# together, and clearly more often when it is not.  Recorded answers of many imaginary models,
# each judged by RUN as a user would.
. "${0%/*}/lib.sh"

told=100 untold=50                      # releases
[ -z "${DRIFTLEAD_SLOW:-}" ] || told=600 untold=200
cases=500 margin=0.05

# Cases of a document take its triple of answers with probability sqrt(0.3), else their own: two
# of them correlate by 0.3.  Two answers to one case correlate by 0.5.  A baseline that is right
# in 80 % of cases, a candidate that is as good, one that is worse by the margin.  The generator
# is Lehmer's, which is the same in every awk.
awk -v releases=$told -v n=$cases -v drop=$margin '
function unit() { state = state * 16807 % 2147483647; return state / 2147483647 }
# Whether the candidate is right, given whether the baseline is.
function after(base, now,    both) {
	both = 0.8 * now + 0.5 * sqrt(0.8 * 0.2 * now * (1 - now))
	return unit() < (base ? both / 0.8 : (now - both) / 0.2)
}
function triple(to) {
	to[0] = unit() < 0.8
	to[1] = after(to[0], 0.8)
	to[2] = after(to[0], 0.8 - drop)
}
BEGIN {
	state = 20261124
	for (i = 1; i <= n; i++)
		printf "{\"id\":\"c%d\",\"input\":\"question %d.\",\"expect\":\"yes\",\"doc\":\"d%d\"}\n",
			i, i, int((i - 1) / 10) >"cases.jsonl"
	for (r = 1; r <= releases; r++) {
		name[0] = "base." r ".jsonl"; name[1] = "same." r ".jsonl"; name[2] = "worse." r ".jsonl"
		for (i = 1; i <= n; i++) {
			if (i % 10 == 1)
				triple(shared)
			triple(own)
			copies = unit() < sqrt(0.3)
			for (k = 0; k < 3; k++)
				printf "{\"id\":\"c%d\",\"answer\":\"%s\"}\n", i,
					(copies ? shared[k] : own[k]) ? "yes" : "no" >name[k]
		}
		for (k = 0; k < 3; k++)
			close(name[k])
	}
}'

# judge RELEASES: three runs of each; counts verdicts on those as good and those worse.
judge() {
	same_fail=0 worse_pass=0 others=0 release=0
	while [ $release -lt "$1" ]; do
		release=$((release + 1))
		for answers in base same worse; do
			mv $answers.$release.jsonl $answers.jsonl
			set -- "$1" "--base=$((3 * release - 2))"
			[ $answers != base ] || set -- "$1"
			driftlead run suite.yaml -t $answers "${2:--q}" -q >"$OUT" 2>"$ERR"
			case $answers-$? in
			base-3 | same-0 | same-3 | worse-1 | worse-3) ;;
			same-1) same_fail=$((same_fail + 1)) ;;
			worse-0) worse_pass=$((worse_pass + 1)) ;;
			*) others=$((others + 1)) ;;
			esac
			mv $answers.jsonl $answers.$release.jsonl
		done
	done
	is $others 0 "the number of runs without a verdict"
	echo "# $1 releases: false FAIL $same_fail, false PASS $worse_pass"
}

# at_most ERRORS TIMES: 5 %, and three standard errors of so many.
at_most() {
	awk -v k="$1" -v n="$2" 'BEGIN { exit !(k <= 0.05 * n + 3 * sqrt(0.0475 * n)) }'
}

gate="  - { name: holds, metric: right, rule: no-worse, margin: $margin }"
{
	echo "targets:"
	for answers in base same worse; do
		echo "  $answers: { protocol: replay, answers: $answers.jsonl }"
	done
} >driftlead.yaml

begin "told of the documents, it errs in at most 5 % of releases"
suite 'fields: { cluster: doc }' 'gates:' "$gate"
judge $told
at_most $same_fail $told || fail "$same_fail of $told as good as before fail"
at_most $worse_pass $told || fail "$worse_pass of $told that are worse by the margin pass"
errors=$((same_fail + worse_pass))
at_most $errors $((2 * told)) || fail "$errors of $((2 * told)) verdicts are wrong"
[ $errors -gt 0 ] || fail "a gate that never errs was not tried"

begin "not told, it errs at least twice as often, and in more than 10 %"
rm -rf .driftlead
suite 'gates:' "$gate"
judge $untold
blind=$((same_fail + worse_pass))
[ $((10 * blind)) -gt $((2 * untold)) ] || fail "only $blind of $((2 * untold)) verdicts are wrong"
[ $((blind * told)) -ge $((2 * errors * untold)) ] ||
	fail "$blind of $((2 * untold)) wrong verdicts are not twice $errors of $((2 * told))"

finish
