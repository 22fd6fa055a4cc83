#!/bin/bash
# latchkey ceremony set and check: what two partners exchange, one set for each environment;
# swapped, mixed, incomplete and relabelled sets are refused with one reason (M124, D17).
. "$(dirname "$0")/../support/lib.sh"
reason() { # as says, in one line
    says "$@" && [ "$(wc -l <"$WORK/out")" -eq 1 ]
}
T="$WORK/t" X="$WORK/x" O="$WORK/o" B="$WORK/b"
new() { "$BIN" ceremony new "$@" >/dev/null; }
new "$T" --intermediate && new "$X" --environment production && new "$O" --automaker borealis \
    --device-maker quince ||
    bad setup "no ceremony"
S="$T/aurora-pomelo"
try() { # try TEXT CODE FILE FROM [options]: the set with one file changed (FROM -: taken away)
    local text=$1 want=$2 file=$3 from=$4; shift 4
    rm -rf "$B"; cp -r "$S" "$B"
    if [ "$from" = - ]; then rm "$B/$file"; else cp "$from" "$B/$file"; fi
    reason "$text" "$want" "$BIN" ceremony check "$B" "$@"
}
check M124_set_is_whole reason "complete" 0 "$BIN" ceremony check "$S"
check M124_set_of_production reason "complete" 0 "$BIN" ceremony check "$X/aurora-pomelo" \
    --environment production
check M124_automaker_knows_its_root reason "its root is yours" 0 "$BIN" ceremony check "$S" --own \
    "$T/aurora"
check M124_device_maker_knows_its_root reason "its root is yours" 0 "$BIN" ceremony check "$S" \
    --own "$T/pomelo"
check M124_json reason '"ok":true' 0 "$BIN" ceremony check "$S" --json
no_secret() { [ -z "$(find "$S" -name '*.key')" ]; }
check M124_no_private_key_travels no_secret
for file in j.der d.der f.der m.der p.der q.der receipt.der; do
    check "M124_incomplete_without_$file" try "incomplete: $file" 4 "$file" -
done
for file in j.der d.der f.der m.der p.der q.der receipt.der; do
    case $file in
    j.der | p.der | q.der | receipt.der) other="$O/borealis/$file" prod="$X/aurora/$file" ;;
    d.der) other="$O/quince/$file" prod="$X/pomelo/$file" ;;
    *) other="$O/borealis-quince/$file" prod="$X/aurora-pomelo/$file" ;;
    esac
    refused() { # any reason, in one line, and a certificate's exit code
        rm -rf "$B"; cp -r "$S" "$B"; cp "$1" "$B/$file"
        "$BIN" ceremony check "$B" >"$WORK/out" 2>&1
        local code=$?
        [ $code -ge 50 ] && [ $code -le 55 ] && [ "$(wc -l <"$WORK/out")" -eq 1 ] || { cat \
            "$WORK/out"; return 1; }
    }
    check "M124_other_partners_$file" refused "$other"
    check "M124_productions_$file" refused "$prod"
done
swap() { # swap A B TEXT CODE
    rm -rf "$B"; cp -r "$S" "$B"; cp "$S/$1" "$B/$2"; cp "$S/$2" "$B/$1"
    reason "$3" "$4" "$BIN" ceremony check "$B"
}
check M124_P_and_Q_swapped swap p.der q.der "p.der is" 51
check M124_F_and_M_swapped swap f.der m.der "f.der is" 51
check M124_J_and_D_swapped swap j.der d.der "j.der is" 51
check M124_F_and_D_swapped swap f.der d.der "d.der is" 51
check M124_receipt_and_Q_swapped swap receipt.der q.der "q.der is" 51
relabelled() { # the file reason production, the signed names say test; and the other way round
    rm -rf "$B"; cp -r "$S" "$B"; echo production >"$B/environment"
    reason "is of the environment production" 54 "$BIN" ceremony check "$B" || return 1
    rm -rf "$B"; cp -r "$X/aurora-pomelo" "$B"; echo test >"$B/environment"
    reason "is of the environment test" 54 "$BIN" ceremony check "$B"
}
check M124_D17_relabelled_set relabelled
check M124_expected_environment reason "not production" 54 "$BIN" ceremony check "$S" \
    --environment production
check M124_swapped_sets reason "is of the environment production, the set of test" 54 "$BIN" \
    ceremony check "$S" --own "$X/aurora"
check M124_another_partners_set reason "is not that of" 54 "$BIN" ceremony check \
    "$O/borealis-quince" --own "$T/pomelo"
check M124_private_key_in_a_set try "does not belong into a set" 7 root.key "$T/aurora/root.key"
check M124_environments_do_not_sign_each_other reason "production" 54 "$BIN" ceremony set \
    "$T/aurora" "$X/pomelo" "$WORK/none"
check M124_no_set_left_behind test ! -e "$WORK/none"
check M124_set_exists reason "exists already" 5 "$BIN" ceremony set "$T/aurora" "$T/pomelo" "$S"
check M99_second_device_maker reason "no private key" 0 "$BIN" ceremony set "$T/aurora" \
    "$O/quince" "$T/aurora-quince"
check M99_second_set_is_whole reason "its root is yours" 0 "$BIN" ceremony check \
    "$T/aurora-quince" --own "$O/quince"
finish
