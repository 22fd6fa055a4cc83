#!/bin/bash
# The command line as a person meets it: help for every command, exit codes, refusals that say
# what to do.
. "$(dirname "$0")/../support/lib.sh"
export LATCHKEY_WORLD="$WORK/world"
every_help() {
    local line
    while read -r line; do
        "$BIN" $line --help | grep -q '^usage: latchkey' || { echo "no help: $line"; return 1; }
    done <<LIST
demo
demo share
world new
world show
ceremony new
ceremony set
ceremony check
ceremony show
cert show
car run
car status
car menu
car lookup
phone run
phone list
phone show
phone pair
phone rename
phone remove
phone lock
phone express
phone authenticate
phone hold
phone share
phone accept
phone take
phone pin
phone cancel
phone sharings
profiles
tap
verifier new
verifier check
trace show
trace explain
trace message
trace package
crypto
completion
manual
LIST
}
check cli_help_for_every_command every_help
check cli_group_help says "car menu NAME ITEM" 0 "$BIN" car --help
check cli_option_twice says "--car is given twice" 2 "$BIN" tap --car a --car b
check cli_lone_double_dash says "unexpected argument" 2 "$BIN" tap -- --car
check cli_no_command says "commands:" 2 "$BIN"
check cli_version says "latchkey 0.1.0" 0 "$BIN" --version
check cli_unknown_command says 'there is no command "open"' 2 "$BIN" open
check cli_unknown_option says "unknown option --speed" 2 "$BIN" tap --speed 3
check cli_option_without_value says "--phone needs a NAME" 2 "$BIN" tap --phone
check cli_option_outside_choices says "is not one of door|dashboard" 2 "$BIN" tap --reader roof
check cli_missing_argument says "expected NAME" 2 "$BIN" car run
check cli_name_with_a_path says "is not a name" 2 "$BIN" car run ../cars/roadster
check cli_phone_name_with_a_path says "is not a name" 2 "$BIN" phone run ../phones/alice
check cli_option_name_with_a_path says "is not a name" 2 "$BIN" tap --phone ../alice --car x
check cli_no_world says "latchkey world new" 7 "$BIN" car status roadster
check cli_world_new says "roadster" 0 "$BIN" world new
check cli_world_exists says "exists already" 5 "$BIN" world new
check cli_car_not_running says "latchkey car run roadster" 64 "$BIN" car status roadster
check cli_status_of_no_such_car says "there is no car beetle" 4 "$BIN" car status beetle
check cli_tap_at_no_such_car says "there is no car beetle" 4 "$BIN" tap --phone alice --car beetle
check cli_list_of_no_such_phone says "there is no phone carol" 4 "$BIN" phone list carol
check cli_phone_not_running says "latchkey phone run alice" 65 "$BIN" phone list alice
check cli_bad_password says "eight digits" 2 "$BIN" phone pair alice --car roadster --password 123
check cli_verifier_bad_n says "not a power of two from 4096" 2 "$BIN" verifier new --n 5000
check cli_json_error says '"status":"LK_CALLER_ARGUMENT"' 2 "$BIN" tap --json
check cli_error_not_utf8 says '"error":"\"?\" is not a name' 2 "$BIN" tap --json --car $'\xff'
check cli_demo_without_pcscd says "pcscd did not start" 64 \
    env PATH=/usr/bin:/bin TMPDIR="$WORK" "$BIN" demo --radio pcsc
check cli_no_such_car says "there is no car beetle" 4 "$BIN" car run beetle
check cli_no_such_phone says "there is no phone carol" 4 "$BIN" phone run carol
check cli_menu_item_without_key says "needs a KEY" 2 "$BIN" car menu roadster end
check M66_published_vector says "match the published vector" 0 "$BIN" verifier check
check M52_crypto_inventory says "AES-128-CMAC" 0 "$BIN" crypto
check cli_completion_bash says "complete -F _latchkey" 0 "$BIN" completion bash
completed() { # completed WANT words...   what bash offers for the last word
    local want=$1; shift
    # shellcheck disable=SC1090
    source <("$BIN" completion bash) || return 1
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _latchkey; echo "${COMPREPLY[*]}"
    [ "${COMPREPLY[*]}" = "$want" ]
}
check cli_completion_commands completed "tap trace" latchkey t
check cli_completion_verbs completed "show explain message package" latchkey trace ""
check cli_completion_group_that_is_a_command completed "share" latchkey demo s
check cli_completion_options completed "--radio" latchkey car run roadster --r
check cli_completion_values completed "door dashboard" latchkey tap --reader d
check cli_completion_files completed "$0" latchkey trace show "${0%?}"
check cli_completion_zsh says "#compdef latchkey" 0 "$BIN" completion zsh
check cli_completion_fish says "complete -c latchkey" 0 "$BIN" completion fish
check cli_completion_unknown says "is not bash, zsh or fish" 2 "$BIN" completion tcsh
check cli_manual says ".SH SYNOPSIS" 0 "$BIN" manual
echo "{ broken" >"$WORK/bad.jsonl"
check cli_trace_malformed says "line 1" 7 "$BIN" trace show "$WORK/bad.jsonl"
check cli_trace_missing says "cannot read" 7 "$BIN" trace explain "$WORK/none.jsonl"
cp "$LATCHKEY_WORLD/world.json" "$WORK/keep.json"; echo '{"format":2}' >"$LATCHKEY_WORLD/world.json"
check cli_foreign_world says "not a world of this version" 7 "$BIN" car status roadster
cp "$WORK/keep.json" "$LATCHKEY_WORLD/world.json"
printf 'garbage' | dd of="$LATCHKEY_WORLD/cars/coupe/car.store" conv=notrunc status=none
before=$(sha256sum <"$LATCHKEY_WORLD/cars/coupe/car.store")
check cli_corrupt_store_refused says "nothing was overwritten" 66 timeout 10 "$BIN" car run coupe
after() { [ "$before" = "$(sha256sum <"$LATCHKEY_WORLD/cars/coupe/car.store")" ]; }
check cli_corrupt_store_untouched after
first_identifier() {
    "$BIN" world show --json | grep -o '"vehicle_id":"[0-9A-F]*"' | head -n 1 | cut -d'"' -f4
}
lookup() { "$BIN" car lookup "$(first_identifier)"; }
check M107_identifier_maps_back_only_by_table lookup
finish
