#!/bin/sh
# Every golden number that R, SciPy and exact arithmetic made is reached to its tolerance.
. "${0%/*}/lib.sh"

begin "the golden files agree"
expect_exit 0 "$B/tests/oracle" "$ROOT/tests/oracle"

begin "a wrong number is found"
sed 's/"est": 0.5,/"est": 0.5001,/' "$ROOT/tests/oracle/wilson.json" >wilson.json
expect_exit 1 "$B/tests/oracle" wilson.json

finish
