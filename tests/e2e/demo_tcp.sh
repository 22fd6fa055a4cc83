#!/bin/bash
# The scripted day over TCP: every step as expected, with the figures that mission lines ask for.
. "$(dirname "$0")/../support/lib.sh"
timeout 60 "$BIN" demo --json >"$WORK/demo.json" 2>"$WORK/demo.err"
code=$?
[ $code -eq 0 ] || { cat "$WORK/demo.json" "$WORK/demo.err"; }
check demo_exit_code test $code -eq 0
has() { step_ok "$WORK/demo.json" "$1"; }
state_after() { grep "\"step\":\"$1\"" "$WORK/demo.json" | grep -q "\"car_state\":\"$2\""; }
fast_after() { grep "\"step\":\"$1\"" "$WORK/demo.json" | grep -q "\"fast\":$2"; }
day() {
    has pair && has unlock_fast && has lock_fast && has start_standard &&
        state_after unlock_fast unlocked && state_after start_standard "ready to drive" &&
        state_after lock_fast locked
}
check M1_scripted_day day
check M16_pairing_refused_at_door has pair_at_door_refused
check M17_code_from_car_menu has pair
check M20_wrong_password_refused has wrong_password_refused
check M21_two_readers_two_policies has start_at_door_refused
check M22_door_locks_and_unlocks state_after unlock_fast unlocked
check M23_start_only_on_the_tray has start_at_door_refused
check M26_express_mode_by_default fast_after unlock_fast true
check M27_express_off_needs_user has unlock_needs_user_refused
check M27_user_authentication_once has unlock_after_user
check M42_removed_key_refused_offline has removed_key_refused
check M103_start_is_standard fast_after start_standard false
check M112_wrong_car_has_its_own_word has wrong_car_refused
finish
