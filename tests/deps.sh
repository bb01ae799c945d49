#!/bin/sh
# deps.sh -- installs the Debian packages it is given, as far as they are missing.
#
# On a machine that is not Debian it says what is needed and goes on: the names are then for
# whoever runs that machine.

set -eu
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
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "installing:$missing"
$sudo apt-get update -q
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends $missing
