#!/bin/bash
# FA4: the instructions of one fast AUTH0, counted by callgrind on the BearSSL provider with fixed
# entropy, are the same for a strange car, a known one without Kpersistent, and a valid one.
program=$LATCHKEY_BUILD/tests/test_unit_test_applet_shape
. "$(dirname "$0")/../support/count.sh"
strange=$(count lk_applet_on_auth0 strange)
fresh=$(count lk_applet_on_auth0 fresh)
valid=$(count lk_applet_on_auth0 valid)
echo "strange car $strange, no Kpersistent $fresh, valid $valid instructions"
if [ -n "$strange" ] && [ "$strange" = "$fresh" ] && [ "$strange" = "$valid" ]; then
    echo "ok FA4_instruction_count_of_auth0"
else
    echo "not ok FA4_instruction_count_of_auth0: the counts differ"
    exit 1
fi
