#!/bin/bash
# latchkey cert show: every letter explained, from DER, PEM and hex; chains verified link by link
# or the reason why not; and what is no certificate.
. "$(dirname "$0")/../support/lib.sh"
export LATCHKEY_WORLD="$WORK/world"
C="${LATCHKEY_SOURCE:?}/tests/fuzz/corpus/cert" # one chain of every letter
show="$BIN cert show"
"$BIN" world new >/dev/null || bad setup "no world"
cars="$LATCHKEY_WORLD/cars" makers="$LATCHKEY_WORLD/automakers"
car="$cars/wagon/k.der"
check M91_M92_car_certificate_in_the_world says "borealis test root" 0 $show "$car"
check M92_three_links says '(' 0 $show "$car"
check M93_other_automaker says "is not among the files given" 51 $show "$car" "$makers/aurora"
check M93_wrong_root says "the issuer name is not the subject above" 52 $show \
    "$cars/roadster/k.der" "$makers/borealis/j.der"
check M99_F_joins_the_makers says "signed by itself" 0 $show \
    "$LATCHKEY_WORLD/cross/borealis-quince.der"
check M91_M98_owner_chain says "signed by itself" 0 $show "$C/h" "$C/e" "$C/f" "$C/j"
check M94_authorised_key_in_H says "authorised key    that of J" 0 $show "$C/h" "$C/e" "$C/f" "$C/j"
check cert_H_options says "standard transaction, fast transaction" 0 $show "$C/h" "$C/e" "$C/f" \
    "$C/j"
check cert_E_version says "applet version    00000100" 0 $show "$C/e" "$C/f" "$C/j"
check cert_json says '"letter":"H"' 0 $show --json "$C/h" "$C/e" "$C/f" "$C/j"
check cert_order says "has another role than its place demands" 51 $show "$C/h" "$C/f" "$C/e" "$C/j"
check cert_too_long says "too long or too short" 51 $show "$C/e" "$C/d" "$C/j"
check cert_no_issuer says "is not among the files given" 51 $show "$C/h" "$C/e" "$C/f"
letters() {
    local row letter file
    for row in d:D f:F intermediate:- j:J k:K m:M n:N p:P q:Q e:E h:H; do
        file=${row%:*}; letter=${row#*:}
        $show "$C/$file" "$WORK" 2>/dev/null | grep -q "certificate .*$letter" || { echo \
            "$file"; return 1; }
        $show --json "$C/$file" "$WORK" 2>/dev/null | grep -q '"proves":"' || { echo "$file"; \
            return 1; }
    done
}
check cert_every_letter letters
other_forms() {
    openssl x509 -inform DER -in "$C/j" -out "$WORK/j.pem" || return 1
    od -An -v -tx1 "$C/j" >"$WORK/j.hex"
    local form
    for form in "$C/j" "$WORK/j.pem" "$WORK/j.hex"; do # the same but for the file's own name
        $show --json "$form" | sed "s#$form##g" >"$WORK/said.$(basename "$form")"
    done
    cmp "$WORK/said.j" "$WORK/said.j.pem" && cmp "$WORK/said.j" "$WORK/said.j.hex"
}
check cert_PEM_and_hex other_forms
agrees() { # what it says is what OpenSSL reads
    local id
    id=$(openssl x509 -inform DER -in "$C/k" -noout -ext subjectKeyIdentifier | tail -n 1 | tr \
        -d ' :' | tr A-F a-f)
    $show "$C/k" "$C/j" | grep -q "$id"
}
check M91_independent_tool_reads_the_same agrees
cp "$C/k" "$WORK/turned"
printf '\001' | dd of="$WORK/turned" bs=1 seek=$(($(wc -c <"$C/k") - 1)) conv=notrunc status=none
check cert_turned_bit says "does not verify under the issuer" 52 $show "$WORK/turned" "$C/j"
printf 'hello' >"$WORK/text"; head -c 200 "$C/k" >"$WORK/cut"; : >"$WORK/empty"
head -c 20000 /dev/zero >"$WORK/large"
printf -- '-----BEGIN CERTIFICATE-----\nMII*\n-----END CERTIFICATE-----\n' >"$WORK/bad.pem"
check cert_no_certificate says "is no certificate of this system" 50 $show "$WORK/text"
check cert_cut says "is no certificate of this system" 50 $show "$WORK/cut"
check cert_empty says "is no certificate of this system" 50 $show "$WORK/empty"
check cert_bad_PEM says "is no certificate of this system" 50 $show "$WORK/bad.pem"
check cert_large says "cannot be read or is far too large" 7 $show "$WORK/large"
check cert_missing_file says "cannot be read" 7 $show "$WORK/none"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /dev/null -outform DER -out \
    "$WORK/rsa" 2>/dev/null
check cert_of_the_web says "is no certificate of this system" 50 $show "$WORK/rsa"
finish
