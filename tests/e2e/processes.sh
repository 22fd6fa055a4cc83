#!/bin/bash
# The parts as a person runs them: one process a store, a phone without its host (power reserve),
# a car that is stopped and started again, a trace that both sides share.
. "$(dirname "$0")/../support/lib.sh"
export LATCHKEY_WORLD="$WORK/world"
"$BIN" world new >/dev/null || { bad world "not made"; finish; }
PASSWORD=$("$BIN" verifier new --car roadster --json | grep -o '"password":"[0-9]*"' |
    cut -d'"' -f4)
cd "$WORK" || exit 1 # a relative trace is relative to here, not to the world
start "$WORK/car.log" "$BIN" car run roadster --trace trace.jsonl; CAR=$!
start "$WORK/phone.log" "$BIN" phone run alice --trace "$WORK/trace.jsonl"; PHONE=$!
wait_for 5 "$BIN" car status roadster && wait_for 5 "$BIN" phone list alice ||
    bad start "$(cat "$WORK"/*.log)"
code_is() {
    local want=$1; shift
    "$@" >"$WORK/out" 2>&1
    [ $? -eq "$want" ] && return 0
    cat "$WORK/out"
    return 1
}
ends_as_its_element() { # one line, the element's exit code, nothing left behind
    cp "$LATCHKEY_WORLD/phones/bob/element.store" "$WORK/bob.store"
    printf 'garbage' | dd of="$LATCHKEY_WORLD/phones/bob/element.store" conv=notrunc status=none
    code_is 66 timeout 5 "$BIN" phone run bob && [ "$(wc -l <"$WORK/out")" -eq 1 ] &&
        grep -q "phones/bob/element.store" "$WORK/out" || return 1
    cp "$WORK/bob.store" "$LATCHKEY_WORLD/phones/bob/element.store"
    start "$WORK/bob.log" "$BIN" phone run bob; local run=$! element
    wait_for 5 "$BIN" phone list bob || return 1
    element=$(children "$run" | sort -n | head -n 1)
    kill -9 "$element" || return 1
    wait "$run"
    [ $? -eq 65 ] && grep -q "the element of bob was killed by signal 9" "$WORK/bob.log" &&
        grep -q "the phone bob is on; stop it" "$WORK/bob.log" &&
        [ "$(wc -l <"$WORK/bob.log")" -eq 2 ] && ! "$BIN" phone list bob
}
check phone_ends_as_its_element_ended ends_as_its_element
check CR12_second_phone_refused code_is 63 timeout 5 "$BIN" phone run alice
check CR12_second_car_process_refused code_is 63 timeout 5 "$BIN" car run roadster
check CR12_second_element_process_refused code_is 63 timeout 5 "$BIN" phone element alice
check M67_production_path code_is 0 "$BIN" car menu roadster open-pairing
hidden() { # a phone that waits for a pairing car does not answer as a key (protocol 3.2)
    "$BIN" verifier new --car coupe >/dev/null && start "$WORK/coupe.log" "$BIN" car run coupe &&
        wait_for 5 "$BIN" car status coupe && "$BIN" car menu coupe open-pairing >/dev/null &&
        code_is 43 "$BIN" phone pair alice --car coupe --password 00000000 --reader door
}
check M16_pairing_refused_on_the_door_reader hidden
its_own() { # TEXT command...   what the phone says is of this run, not of one before
    local text=$1; shift
    "$@" >"$WORK/out"
    grep -qx "the phone: $text" "$WORK/out" && return 0
    cat "$WORK/out"
    return 1
}
guess() {
    its_own "the pairing evidence does not match" \
        "$BIN" phone pair alice --car roadster --password 00000000
}
stranger() {
    its_own "the phone does not accept this car" "$BIN" tap --phone alice --car coupe && guess
}
check D23_phone_speaks_of_the_pairing stranger
check M17_pair code_is 0 "$BIN" phone pair alice --car roadster --password "$PASSWORD"
check PA13_password_is_spent code_is 41 "$BIN" car menu roadster open-pairing
active() { "$BIN" phone list alice --json | grep -q '"state":"active"'; }
check M19_pass_is_active active
print_of() { "$BIN" phone show alice 1 --json | grep -o '"key":"[0-9a-f]*"' | cut -d'"' -f4; }
same_key() { "$BIN" car status roadster --json | grep -q "\"key\":\"$(print_of)\""; }
check M73_each_side_prints_the_others_key same_key
tap() { "$BIN" tap --phone alice --car roadster --reader "$1" --action "$2"; }
check M22_explicit_lock code_is 0 tap door lock
check M22_toggle code_is 0 "$BIN" tap --phone alice --car roadster --reader door
after_a_guess() {
    "$BIN" verifier new --car roadster >/dev/null && "$BIN" car menu roadster open-pairing \
        >/dev/null && guess && its_own accepted tap door lock
}
check D23_phone_speaks_of_the_tap after_a_guess
hears() { # hears WORD command...   the last CONTROL FLOW in the trace
    local word=$1; shift
    "$@" && grep -io '"803c[0-9a-f]*"' "$WORK/trace.jsonl" | tail -n 1 | grep -qi "803c$word"
}
drive() { tap dashboard start >/dev/null && hears 00b1 code_is 38 tap door lock; }
check M22_engine_on_is_not_locked drive
door() {
    "$BIN" car menu roadster park >/dev/null && "$BIN" car menu roadster open-door >/dev/null &&
        hears 00b0 code_is 38 tap door lock && "$BIN" car menu roadster close-door >/dev/null &&
        hears 0100 code_is 0 tap door lock
}
check M22_open_door_is_not_locked door
kill $CAR; wait $CAR 2>/dev/null
start "$WORK/car2.log" "$BIN" car run roadster --trace "$WORK/trace.jsonl"; CAR=$!
wait_for 5 "$BIN" car status roadster
check car_remembers_its_key_after_restart code_is 0 tap door unlock
# The lock's own memory: after a restart no grant at or below the number it kept moves anything.
SPENT=$LATCHKEY_WORLD/cars/roadster/actuator.spent
restart_car() {
    kill "$CAR"; wait "$CAR" 2>/dev/null
    start "$WORK/car2.log" "$BIN" car run roadster --trace "$WORK/trace.jsonl"; CAR=$!
    wait_for 5 "$BIN" car status roadster
}
spent_grants() {
    cp "$SPENT" "$WORK/spent" && printf 'LKfl\177\377\377\377\200\0\0\0LKfl' |
        dd of="$SPENT" conv=notrunc status=none && restart_car && code_is 44 tap door lock &&
        cp "$WORK/spent" "$SPENT" && restart_car && code_is 0 tap door lock &&
        ! cmp -s "$WORK/spent" "$SPENT"
}
check RA13_the_lock_remembers_spent_grants_after_restart spent_grants
old_store() { # a store file of yesterday is refused; today's opens again
    cp "$LATCHKEY_WORLD/cars/roadster/car.store" "$WORK/old.store"
    code_is 0 "$BIN" verifier new --car roadster || return 1
    kill "$CAR"; wait "$CAR" 2>/dev/null
    cp "$LATCHKEY_WORLD/cars/roadster/car.store" "$WORK/new.store"
    cp "$WORK/old.store" "$LATCHKEY_WORLD/cars/roadster/car.store"
    code_is 66 timeout 5 "$BIN" car run roadster && grep -q "older than" "$WORK/out" || return 1
    cp "$WORK/new.store" "$LATCHKEY_WORLD/cars/roadster/car.store"
    restart_car && code_is 0 tap door unlock
}
check LI2_an_old_store_file_put_back_is_refused old_store
kill $PHONE; wait $PHONE 2>/dev/null
wait_for 5 sh -c "! '$BIN' phone list alice"
start "$WORK/reserve.log" "$BIN" phone run alice --element-only
sleep 0.5
check M11_power_reserve_tap code_is 0 tap door lock
reserve_says() { tap door lock | grep -q "only its element is running"; }
check M11_phone_shows_nothing_in_power_reserve reserve_says
explained() {
    "$BIN" trace explain "$WORK/trace.jsonl" >"$WORK/explained" &&
        grep -q "AUTH0" "$WORK/explained" &&
        grep -q "the car roadster says: granted, fast transaction" "$WORK/explained" &&
        grep -q "the phone alice says: accepted" "$WORK/explained"
}
check M111_M112_trace_explains_both_sides explained
KEY=$("$BIN" car status roadster --json | grep -o '"key":"[0-9a-f]*"' | head -n 1 |
    cut -d'"' -f4)
not_on_air() { [ ${#KEY} -eq 40 ] && ! grep -qi "$KEY" "$WORK/trace.jsonl"; }
check M111_key_identifier_never_on_the_air not_on_air
check M41_car_menu_ends_the_key code_is 0 "$BIN" car menu roadster end "$KEY"
check M41_ended_key_refused code_is 33 tap door unlock
finish
