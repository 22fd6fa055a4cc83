#!/bin/bash
# What happens to programs: killed at any moment, stopped, two at once, no room on the disk, files
# that are missing. Everything opens again, and nothing is half-written.
. "$(dirname "$0")/../support/lib.sh"
export LATCHKEY_WORLD="$WORK/a world"
CARS=$LATCHKEY_WORLD/cars
up() {
    start "$WORK/car.log" "$BIN" car run roadster; CAR=$!
    start "$WORK/phone.log" "$BIN" phone run alice; PHONE=$!
    wait_for 5 "$BIN" car status roadster && wait_for 5 "$BIN" phone list alice && return 0
    cat "$WORK/car.log" "$WORK/phone.log"
    return 1
}
down() { kill "$CAR" "$PHONE" 2>/dev/null; wait "$CAR" "$PHONE" 2>/dev/null; return 0; }
pair() {
    local password
    password=$("$BIN" verifier new --car roadster --json | grep -o '"password":"[0-9]*"' |
        cut -d'"' -f4)
    "$BIN" car menu roadster open-pairing >/dev/null &&
        timeout 20 "$BIN" phone pair alice --car roadster --password "$password"
}
tap() { # tap READER [ACTION]
    timeout 20 "$BIN" tap --phone alice --car roadster --reader "$1" ${2:+--action "$2"} --json
}
victim() { # victim car|element|host   its process id; the element is the older child
    if [ "$1" = car ]; then echo "$CAR"; return; fi
    children "$PHONE" | sort -n | sed -n "$([ "$1" = element ] && echo 1 || echo 2)p"
}
kill_during() { # kill_during SECONDS VICTIM command...   then everything opens again
    local job seconds=$1 who=$2; shift 2
    "$@" >"$WORK/killed" 2>&1 & job=$!
    sleep "$seconds"
    kill -9 "$(victim "$who")" || return 1
    wait "$job"
    down
    up
}
killed_while_pairing() { # and a pairing is possible afterwards, or was whole
    local at
    for at in 0.01:car 0.03:element 0.05:host 0.06:car 0.07:element 0.09:car; do
        kill_during "${at%%:*}" "${at##*:}" pair || return 1
    done
    tap dashboard || pair && tap dashboard && tap door
}
killed_while_tapping() {
    local at
    for at in 0.002:car 0.005:element 0.006:car 0.008:host 0.01:car 0.012:element; do
        kill_during "${at%%:*}" "${at##*:}" tap dashboard || return 1
        tap dashboard && "$BIN" car menu roadster park && tap door || return 1
    done
}
nothing_half_made() { [ -z "$(find "$LATCHKEY_WORLD" -name '*.new*')" ]; }
at_once() { # three taps at one reader and one at the other: one phone, so one after the other
    local i jobs=""
    for i in door:unlock door:unlock door:unlock dashboard:start; do
        tap ${i%:*} ${i#*:} >"$WORK/tap.${#jobs}" 2>&1 & jobs="$jobs $!"
    done
    for i in $jobs; do wait "$i" || { cat "$WORK"/tap.*; return 1; }; done
    [ "$(cat "$WORK"/tap.* | grep -c '"phone_says":"accepted"')" -eq 4 ] && return 0
    cat "$WORK"/tap.*
    return 1
}
at_once_often() { local i; for i in 1 2 3 4 5 6 7 8; do at_once || return 1; done; }
stops() { # stops SIGNAL   within a second, with exit code 0, leaving no socket and no child
    local halves before took p
    halves=$(children "$PHONE")
    before=$(date +%s%N)
    kill "-$1" "$CAR" "$PHONE"
    wait "$CAR" && wait "$PHONE" || return 1
    took=$((($(date +%s%N) - before) / 1000000))
    [ "$took" -lt 1000 ] && [ -z "$(ls "$LATCHKEY_WORLD/run")" ] || return 1
    for p in $halves; do [ ! -d "/proc/$p" ] || return 1; done
}
demo_stops() { # in the middle of the day: within a second, no child, no folder
    local demo before took p all
    TMPDIR=$WORK "$BIN" demo --json >"$WORK/demo" 2>&1 & demo=$!
    wait_for 5 grep -q '"step":"pair_at_door_refused"' "$WORK/demo" || return 1
    all=$(children $demo); before=$(date +%s%N)
    kill -TERM $demo; wait $demo
    [ $? -eq 143 ] || return 1
    took=$((($(date +%s%N) - before) / 1000000))
    for p in $all; do [ ! -d "/proc/$p" ] || return 1; done
    [ $took -lt 1000 ] && [ -z "$(find "$WORK" -maxdepth 1 -name 'latchkey-demo-*')" ]
}
no_orphans() { # killed itself, the phone takes its halves along
    local halves
    halves=$(children "$PHONE"); kill -9 "$PHONE"; wait "$PHONE" 2>/dev/null
    wait_for 5 sh -c "! ls -d $(for p in $halves; do printf '/proc/%s ' "$p"; done)"
}
full_disk() { # no write beyond the limit succeeds: an error, and yesterday's content
    local refused
    down
    (ulimit -f 40; exec "$BIN" car run coupe >"$WORK/coupe.log" 2>&1) & PIDS="$PIDS $!"
    wait_for 5 "$BIN" car status coupe && "$BIN" car status coupe --json >"$WORK/before" || return 1
    (ulimit -f 4; "$BIN" world new --world "$WORK/second" 2>"$WORK/refused")
    [ $? -eq 62 ] && [ ! -e "$WORK/second" ] && [ -z "$(ls -d "$WORK"/second* 2>/dev/null)" ] ||
        return 1
    "$BIN" verifier new --car coupe >"$WORK/out" 2>&1; refused=$?
    "$BIN" car status coupe --json >"$WORK/after"
    kill "${PIDS##* }"; wait "${PIDS##* }"
    [ $refused -eq 62 ] && grep -q "could not be read or written" "$WORK/out" &&
        cmp "$WORK/before" "$WORK/after" && "$BIN" verifier new --car coupe
}
names_the_file() { # names_the_file FILE TEXT   a missing one is named, with the system's own words
    mv "$CARS/coupe/$1" "$WORK/kept"
    timeout 5 "$BIN" car run coupe >"$WORK/out" 2>&1; local code=$?
    mv "$WORK/kept" "$CARS/coupe/$1"
    cat "$WORK/out"
    [ $code -eq 7 ] && grep -q "cars/coupe/$1 (No such file or directory)" "$WORK/out"
}
each_missing_file() {
    local file
    for file in car.key vehicle.key actuator.key k.der root.pub car.store car.floor actuator.spent
    do names_the_file $file || return 1; done
}
env -u HOME "$BIN" world new >/dev/null || { bad world "not made"; finish; }
check start up
check CR9_killed_while_pairing killed_while_pairing
check CR9_killed_while_tapping killed_while_tapping
check CR9_nothing_half_made nothing_half_made
check two_taps_at_once at_once_often
check SIGINT_stops_cleanly stops INT
up
check SIGHUP_stops_cleanly stops HUP
up
check SIGTERM_stops_cleanly stops TERM
up
check demo_stops_cleanly demo_stops
check killed_phone_leaves_nobody_behind no_orphans
up
check CR6_full_disk_keeps_the_old_content full_disk
check missing_files_are_named each_missing_file
finish
