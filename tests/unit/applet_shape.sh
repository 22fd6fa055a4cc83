#!/bin/bash
# FA4: the instructions of one fast AUTH0, counted by callgrind on the BearSSL provider with fixed
# entropy, are the same for a strange car, a known one without Kpersistent, and a valid one.
program=$LATCHKEY_BUILD/tests/test_unit_test_applet_shape
if ! command -v valgrind >/dev/null || [ ! -x "$program" ]; then
    echo "skipped: needs valgrind and $program"
    exit 77
fi
work=$(mktemp -d /tmp/latchkey-shape-XXXXXX)
trap 'rm -rf "$work"' EXIT
count() { # instructions of lk_applet_on_auth0 and all it calls
    timeout 120 valgrind --tool=callgrind --callgrind-out-file="$work/$1" --collect-atstart=no \
        --toggle-collect=lk_applet_on_auth0 "$program" "$1" >"$work/$1.log" 2>&1
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/$1.log"
}
strange=$(count strange)
fresh=$(count fresh)
valid=$(count valid)
echo "strange car $strange, no Kpersistent $fresh, valid $valid instructions"
if [ -n "$strange" ] && [ "$strange" = "$fresh" ] && [ "$strange" = "$valid" ]; then
    echo "ok FA4_instruction_count_of_auth0"
else
    echo "not ok FA4_instruction_count_of_auth0: the counts differ"
    exit 1
fi
