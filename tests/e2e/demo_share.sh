#!/bin/bash
# The story of sharing with real processes, over TCP and over PC/SC: every step as expected, and a
# refusal with its own status.
. "$(dirname "$0")/../support/lib.sh"
play() { # play NAME options...
    local name=$1; shift
    timeout 120 "$BIN" demo share --json "$@" >"$WORK/$name.json" 2>"$WORK/$name.err"
    local code=$?
    [ $code -eq 0 ] || cat "$WORK/$name.json" "$WORK/$name.err"
    return $code
}
check M5_demo_share_exit_code play tcp
has() { step_ok "$WORK/tcp.json" "$1"; }
shows() { grep "\"step\":\"$1\"" "$WORK/tcp.json" | grep -q "$2"; }
each() {
    local step
    for step in invite friend_key owner_signs first_tap second_tap_fast restricted_speed \
        expired_refused forged_refused replay_refused cross_maker; do
        has "$step" || { echo "$step"; return 1; }
    done
}
check M5_every_step each
check M32_cars_are_off_while_keys_are_shared has owner_signs
check M84_first_tap_brings_the_package shows first_tap '"fast":false'
check M84_second_tap_is_fast shows second_tap_fast '"fast":true'
check M36_restricted_key_holds_the_car_to_its_speed shows restricted_speed '"speed_limit_kmh":105'
check M37_two_automakers_with_their_own_levels has invite_wagon
check M101_key_of_another_maker_at_another_automaker has cross_maker
check M2_watch_opens_with_the_phone_off has watch_alone
check M62_old_package_after_the_end shows replay_refused LK_SHARE_ENDED
check LI3_ended_friend_shows_the_old_package shows replay_refused LK_SHARE_ENDED
check LI9_expired_key shows expired_refused LK_TAP_EXPIRED
check M113_forged_signature shows forged_refused LK_SHARE_SIGNATURE
check LI3_ended_key_is_refused shows ended_refused LK_TAP_KEY_ENDED
if command -v pcscd >/dev/null; then
    check M101_demo_share_over_pcsc play pcsc --radio pcsc
else
    echo "skip: pcscd is not installed (make setup installs it)"
fi
finish
