#!/bin/sh
# The examples of the manual do what they say.
#
# In a page, a display that follows the comment
#
#	.\" test: NAME [expect STATUS]   is a transcript: "$ " begins a command, "> " goes on
#	                                 with it, and the other lines are what it prints
#	.\" test: NAME file PATH         is written to the file
#	.\" test: NAME sql               is put to the store by sqlite3
#	.\" test: NAME json              is one JSON value per line
#
# What is printed is standard output; "..." in a transcript stands for anything.  A transcript's
# last command must end with STATUS, the others with 0.  The displays of a page follow each other
# in one project, as `driftlead init` writes it; a transcript may change the working directory.
. "${0%/*}/lib.sh"

# The displays of a page: NUMBER.cmd has the words after "test:", NUMBER.txt the text.  A display
# below EXAMPLES without a comment gets the word "untested".
cut_page() {
	rm -rf "$SCRATCH/cut" && mkdir -p "$SCRATCH/cut"
	awk -v dir="$SCRATCH/cut" '
	/^\.\\" test: / { test = substr($0, 11); next }
	/^\.Sh / { examples = ($2 == "EXAMPLES") }
	/^\.Bd / && (examples || test != "") {
		n++; inside = 1
		print (test == "" ? "untested" : test) >(dir "/" n ".cmd")
		printf "" >(dir "/" n ".txt")
		test = ""; next
	}
	/^\.Ed/ { inside = 0; next }
	/^\.Sh/ && test != "" { print "untested" >(dir "/" ++n ".cmd") ; test = "" }
	inside {
		sub(/^\\&/, ""); gsub(/\\e/, "\\"); gsub(/\\-/, "-")
		print >(dir "/" n ".txt")
	}' "$1"
}

# said GOT WANTED: WANTED is a text in which "..." is anything.
said() {
	# In a case pattern the characters [ ] \ * ? must stand for themselves.
	lib_want=$(printf '%s\n' "$2" | sed 's/[][\\*?]/\\&/g; s/\.\.\./*/g')
	# shellcheck disable=SC2254
	case $1 in
	$lib_want) return 0 ;;
	esac
	return 1
}

# One command of a transcript, in this shell, so that cd holds for the next.
command_of() {
	cd "$here" || exit 4
	printf '%s\n' "$1" >"$SCRATCH/command"
	sh -c '. "$1"; status=$?; pwd >"$2"; exit $status' sh "$SCRATCH/command" "$SCRATCH/pwd" \
		>"$OUT" 2>"$ERR"
	got=$?
	here=$(cat "$SCRATCH/pwd")
	[ "$got" -eq "$3" ] || fail "exit $got, not $3: $1" "$OUT" "$ERR"
	said "$(cat "$OUT")" "$2" || {
		printf '%s\n' "$2" >"$SCRATCH/wanted"
		fail "does not print what the page says: $1" "$OUT" "$SCRATCH/wanted"
	}
}

# transcript FILE STATUS
transcript() {
	run= want= status=0
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'$ '*)
			[ -z "$run" ] || command_of "$run" "$want" 0
			run=${line#??} want= ;;
		'> '*)
			run="$run
${line#??}" ;;
		*)
			want=${want:+$want
}$line ;;
		esac
	done <"$1"
	[ -n "$run" ] || fail "no command in it" "$1"
	command_of "$run" "$want" "$2"
}

for page in "$ROOT"/man/*.[0-9]; do
	cut_page "$page"
	rm -rf "$SCRATCH/project" && mkdir "$SCRATCH/project" && cd "$SCRATCH/project" || exit 4
	driftlead init -q >/dev/null || exit 4
	here=$SCRATCH/project
	STORE=$here/.driftlead/store.db
	n=1
	while [ -e "$SCRATCH/cut/$n.cmd" ]; do
		read -r name kind value <"$SCRATCH/cut/$n.cmd"
		text=$SCRATCH/cut/$n.txt
		begin "${page##*/}: $name"
		case $name/$kind in
		untested/*) fail "a display without a '.\\\" test:' line" "$text" ;;
		*/) transcript "$text" 0 ;;
		*/expect) transcript "$text" "$value" ;;
		*/file) mkdir -p "$(dirname "$here/$value")" && cp "$text" "$here/$value" ;;
		*/sql) expect_exit 0 sqlite3 -batch -bail -readonly "$STORE" <"$text" ;;
		*/json) expect_exit 0 jq -e . "$text" ;;
		*) fail "what is '$kind'?" ;;
		esac
		n=$((n + 1))
	done
done
cd "$SCRATCH" || exit 4

begin "every page with examples was run"
for page in "$ROOT"/man/*.[0-9]; do
	grep -q '^\.Sh EXAMPLES' "$page" || continue
	grep -q '^\.\\" test: ' "$page" || fail "${page##*/} has examples and no '.\\\" test:' line"
done

begin "what does not match is seen"
said "a
b c" "a
b ..." || fail "'...' is not anything"
if said "a b" "a c"; then fail "b is c"; fi
if said "a*b" "a?b"; then fail "a pattern is taken for one"; fi

finish
