#!/bin/sh
# deps.sh -- installs the Debian packages it is given, as far as they are missing.
#
#	tests/deps.sh [--try] PACKAGE...
#
# On a machine that is not Debian it says what is needed and goes on: the names are then for
# whoever runs that machine.  With --try it also goes on when installing fails, because a test
# whose tool is missing skips itself.

set -eu
try=
if [ "$1" = --try ]; then
	try=1
	shift
fi
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "not Debian: please see that these packages, by their Debian names, are here:"
	echo "  $*"
	exit 0
fi
missing=
for package; do
	state=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
	case $state in ii*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0
sudo=
[ "$(id -u)" -eq 0 ] || sudo="sudo DEBIAN_FRONTEND=noninteractive"
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! { $sudo apt-get update -q &&
	$sudo apt-get install -y -q --no-install-recommends $missing; }; then
	echo "could not install:$missing"
	[ -n "$try" ]
fi
