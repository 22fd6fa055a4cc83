#!/bin/bash
# The inspector checks the car's signature of AUTH1 under the K of the world, or a key given to it;
# one wrong bit in the recorded signature is seen.
. "$(dirname "$0")/../support/lib.sh"
export LATCHKEY_WORLD="$WORK/world"
"$BIN" world new >/dev/null || { bad world "not made"; finish; }
PASSWORD=$("$BIN" verifier new --car roadster --json | grep -o '"password":"[0-9]*"' |
    cut -d'"' -f4)
start "$WORK/car.log" "$BIN" car run roadster --trace "$WORK/trace.jsonl"
start "$WORK/phone.log" "$BIN" phone run alice
wait_for 5 "$BIN" car status roadster && wait_for 5 "$BIN" phone list alice &&
    "$BIN" car menu roadster open-pairing >/dev/null &&
    "$BIN" phone pair alice --car roadster --password "$PASSWORD" >"$WORK/pair.log" ||
    bad pair "$(cat "$WORK"/*.log)"
member() { "$BIN" phone show alice 1 --json | grep -o "\"$1\":\"[0-9a-f]*\"" | cut -d'"' -f4; }
CAR_KEY=$(member vehicle_key); PHONE_KEY=$(member public_key)
good='check vehicle signature: passed'
bad_one='check vehicle signature: a signature does not verify'
says() { # says TEXT FILE [options]: and exactly one check of a vehicle signature is in the output
    local text=$1 file=$2; shift 2
    "$BIN" trace explain "$file" "$@" >"$WORK/out" && cat "$WORK/out" >&2 &&
        grep -qF "$text" "$WORK/out" && [ "$(grep -c 'check vehicle signature' "$WORK/out")" = 1 ]
}
none() { "$BIN" trace explain "$@" >"$WORK/out" && ! grep -q 'vehicle signature' "$WORK/out"; }
refused() { ! "$BIN" trace explain "$WORK/trace.jsonl" --vehicle-key "$1" 2>"$WORK/out"; }
# 80 81 00 00 42 9E 40, then r and s: the last digit of the signature before Le.
flip() {
    python3 - "$WORK/trace.jsonl" "$WORK/flipped.jsonl" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
text, n = re.subn(r'(80810000429e40[0-9a-f]{127})([0-9a-f])(00")',
                  lambda m: m[1] + "%x" % (int(m[2], 16) ^ 1) + m[3], text)
open(sys.argv[2], "w").write(text)
sys.exit(n != 1)
PY
}
check N5_car_signature_under_K_of_the_world says "$good" "$WORK/trace.jsonl"
check N5_car_signature_under_a_given_key says "$good" "$WORK/trace.jsonl" \
    --world "$WORK/none" --vehicle-key "$CAR_KEY"
check N5_no_key_no_check none "$WORK/trace.jsonl" --world "$WORK/none"
check N5_another_key_does_not_verify says "$bad_one" "$WORK/trace.jsonl" --vehicle-key "$PHONE_KEY"
check N5_one_flipped_bit_made flip
check N5_one_flipped_bit_is_seen says "$bad_one" "$WORK/flipped.jsonl"
check N5_malformed_key_is_refused refused 04aa
finish
