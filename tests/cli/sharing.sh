#!/bin/bash
# Sharing as a user meets it: commands, files, pipes, links, and each refusal with its exit code.
. "$(dirname "$0")/../support/lib.sh"
export LATCHKEY_WORLD="$WORK/world"
cd "$WORK" || exit 1
run_car() {
    start "$WORK/$1.log" "$BIN" car run "$1"
    wait_for 5 "$BIN" car status "$1"
}
run_phone() {
    start "$WORK/$1.log" "$BIN" phone run "$1"
    wait_for 5 "$BIN" phone list "$1"
}
tap() { "$BIN" tap --phone "$1" --car "$2" --reader "${3:-door}" --action "${4:-unlock}"; }
set_up() {
    "$BIN" world new && run_car roadster && run_phone alice && run_phone bob &&
        "$BIN" verifier new --car roadster --password 12345678 --n 4096 &&
        "$BIN" car menu roadster open-pairing &&
        "$BIN" phone pair alice --car roadster --password 12345678
}
check cli_sharing_set_up set_up

# The world and its levels.
show() { "$BIN" world show; }
check M37_each_automaker_has_its_levels says "profiles full, drive, trunk, family" 0 show
check M2_watch_is_a_device_kind says "watch         watch" 0 show
five() { [ "$("$BIN" profiles world/automakers/aurora/profiles.json | wc -l)" -ge 5 ]; }
check M34_at_least_five_levels_shipped five
levels=world/automakers/aurora/profiles.json
spoil() { # spoil NAME WANT sed-expression   a bad file is told with line and field
    sed "$3" "$levels" >spoilt.json
    cmp -s spoilt.json "$levels" && { echo "$1: nothing was spoilt"; return 1; }
    says "$2" 7 "$BIN" profiles spoilt.json
}
check cli_profiles_bad_number spoil number 'field "number"' 's/"80000001"/"70000001"/'
check cli_profiles_double_number spoil double 'field "number"' 's/"80000001"/"00000005"/'
check cli_profiles_bad_name spoil name 'field "name"' 's/"novice"/"No Vice"/'
check cli_profiles_double_name spoil double 'field "name"' 's/"novice"/"guest"/'
check cli_profiles_bad_right spoil right 'field "rights"' 's/"remote"/"fly"/'
check SH11_no_profile_gives_the_right_to_share spoil share "the owner's alone" 's/"remote"/"share"/'
check cli_profiles_bad_limit spoil limit 'field "speed_kmh"' 's/: 105,/: 1050,/'
check cli_profiles_bad_hours spoil hours 'field "hours"' 's/06:00-22:00/6-22/'
check cli_profiles_unknown_field spoil field 'no such field' 's/"text": "drive by/"txt": "drive by/'
check cli_profiles_bad_activation spoil activation 'field "activation"' \
    's/"activation": \[\]/"activation": ["horn"]/'
line_named() { # the line of the field, not only of the file
    sed 's/: 105,/: 1050,/' "$levels" >spoilt.json
    says "line $(grep -n ': 1050,' spoilt.json | cut -d: -f1)," 7 "$BIN" profiles spoilt.json
}
check cli_profiles_line_of_the_field line_named
check cli_profiles_cut_off spoil cut "line" '20,$d'
half_loaded() { # a car does not start on a list of which a part is good
    cp "$levels" kept.json
    sed 's/: 105,/: 1050,/' kept.json >"$levels"
    says 'field "speed_kmh"' 7 timeout 10 "$BIN" car run coupe
    local bad=$?
    cp kept.json "$levels"
    return $bad
}
check cli_profiles_nothing_half_loaded half_loaded

# Time.
check D30_a_new_car_has_the_time_once says "time     20" 0 "$BIN" car status roadster
check D30_time_goes_forward says "done" 0 "$BIN" car menu roadster time +1m
check D30_time_never_back says "out of order" 20 "$BIN" car menu roadster time
check cli_time_bad_date says "is no date" 2 "$BIN" car menu roadster time tomorrow
check cli_menu_text_missing says "needs a TEXT" 2 "$BIN" car menu roadster password
check cli_menu_nothing_behind says "takes nothing" 2 "$BIN" car menu roadster fob now

# An invitation.
share() { "$BIN" phone share alice 1 "$@"; }
check SH18_without_the_user says "authenticate on the phone" 26 share --out none
check M34_unknown_level_lists_the_others \
    says "but full, drive, access" 80 share --yes --profile king
check cli_share_bad_date says "is no date" 2 share --yes --to yesterday
check cli_share_dates_reversed says "share again" 80 share --yes --from +2d --to +1d
check cli_share_redeem_too_long says "from 1 to 30" 2 share --yes --redeem-days 31
check cli_share_password_alone says "belong together" 2 share --yes --activation password
check cli_share_bad_pin says "6 to 12 digits" 2 share --yes --pin 12
check cli_share_bad_days says "is no list" 2 share --yes --days mon,never
check cli_share_no_such_item says "no item 9" 4 "$BIN" phone share alice 9 --yes
after_authentication() {
    "$BIN" phone authenticate alice && share --out asked >asked.link && grep -q '#' asked.link
}
check SH18_user_authenticates_first after_authentication
cancelled() { "$BIN" phone cancel alice 1 --out asked.cancel; }
check SH13_cancelled_before_it_began cancelled
taken_after_cancel() {
    "$BIN" phone accept bob --link "$(cat asked.link)" --in asked --out asked.chain &&
        says "was cancelled" 87 "$BIN" phone take alice --in asked.chain
}
check SH13_no_signature_after_cancel taken_after_cancel
friend_cancels() { says "ended" 0 "$BIN" phone take bob --in asked.cancel --out none; }
check SH13_cancel_reaches_the_friend friend_cancels

invited() {
    share --yes --profile guest --speed 105 --name Gift --out invitation >link &&
        grep -q '^latchkey:share?v=c&s=' link && [ "$(wc -l <link)" -eq 1 ] &&
        [ "$(wc -l <invitation)" -eq 1 ]
}
check M31_invitation_is_a_link_and_a_message invited
only_in_fragment() {
    [ -s invitation ] && [ "$(sed 's/#.*//' link | wc -c)" -lt 50 ] &&
        ! grep -q "$(sed 's/.*#//' link)" invitation
}
check SH19_secret_in_the_fragment_alone only_in_fragment
check SH19_secret_of_256_bits test "$(sed 's/.*#//' link | tr -d '\n' | wc -c)" -eq 43
sealed() { # no clear text in what a carrier sees
    tr -- '-_' '+/' <invitation | base64 -d 2>/dev/null >blob
    [ -s blob ] && ! grep -qa "Gift" blob
}
check M33_carrier_sees_no_name sealed
explained() {
    "$BIN" trace message invitation --link "$(cat link)" >named &&
        grep -q "SHARE_CREATION" named && grep -q "PROFILE .*00000005" named &&
        grep -q "VEHICLE" named && grep -q "check sharing message: passed" named
}
check M79_invitation_names_level_and_car explained
qr() { share --yes --qr --out qr.message 2>qr.text && [ "$(grep -c '█' qr.text)" -gt 15 ]; }
check M31_link_as_qr_code qr
"$BIN" phone cancel alice 3 --out none >/dev/null 2>&1 # it holds a slot

# Wrong links and files.
accept() { "$BIN" phone accept bob --out chain "$@"; }
check cli_link_missing says "expected --link" 2 accept --in invitation
check cli_link_foreign says "is no link" 2 accept --link https://example.org --in invitation
check cli_link_cut says "not whole" 2 accept --link "$(cut -c1-60 link)" --in invitation
other_session() {
    says "not that of this message" 86 accept --link "$(cat asked.link)" --in invitation
}
check SH12_link_of_another_sharing other_session
other_secret() {
    says "does not open" 86 accept --in invitation \
        --link "$(sed 's/#.*//' link)#$(sed 's/.*#//' asked.link)"
}
check SH19_wrong_secret other_secret
: >empty
check cli_message_empty says "is empty" 7 accept --link "$(cat link)" --in empty
echo 'no base64!' >foreign
check cli_message_foreign says "not base64url" 7 accept --link "$(cat link)" --in foreign
check cli_message_missing says "No such file" 7 accept --link "$(cat link)" --in nowhere
damaged() {
    sed 's/^\(.\{100\}\)./\1_/; t' invitation >damaged; cmp -s damaged invitation &&
        sed 's/^\(.\{100\}\)./\1-/' invitation >damaged
    says "does not open" 86 accept --link "$(cat link)" --in damaged
}
check cli_message_damaged damaged
check cli_message_of_no_sharing says "out of order" 86 "$BIN" phone take bob --in invitation

# The walk, by files.
check M80_friend_makes_a_key says "invited" 0 accept --link "$(cat link)" --in invitation
check SH9_redeemed_twice says "redeemed already" 87 accept --link "$(cat link)" --in invitation
check M82_owner_signs says "done" 0 "$BIN" phone take alice --in chain --out signed
check SH12_message_twice says "redeemed" 87 "$BIN" phone take alice --in chain --out none
unseen() { says "SHARE_SIGNING" 0 "$BIN" trace message chain --link "$(cat link)"; }
check M81_chain_goes_back_unseen unseen
check M83_signature_comes_back_unseen says "done" 0 "$BIN" phone take bob --in signed --out none
check M84_waits_for_the_first_tap says "waits for its first tap at the car" 0 "$BIN" phone list bob
check M79_pass_shows_level_and_dates says "guest, 20" 0 "$BIN" phone list bob
check M84_first_tap says "granted, standard" 0 tap bob roadster
check M84_second_tap says "granted, fast" 0 tap bob roadster door lock
check M36_speed_of_the_key says "at most 105 km/h" 0 tap bob roadster dashboard start
"$BIN" car menu roadster park >/dev/null
check M113_car_lists_level_and_limits says "guest, 20" 0 "$BIN" car menu roadster list

# A pipe is a carrier.
pipe() {
    run_phone watch || return 1
    "$BIN" phone share alice 1 --yes | "$BIN" phone accept watch | "$BIN" phone take alice |
        "$BIN" phone take watch && says "granted" 0 tap watch roadster
}
check M31_all_over_one_pipe pipe
unrestricted() {
    tap watch roadster dashboard start &&
        says '"speed_limit_kmh":0' 0 "$BIN" car status roadster --json
    local bad=$?
    "$BIN" car menu roadster park
    return $bad
}
check M35_unlock_and_drive_is_unrestricted unrestricted
check M34_trunk_is_a_right says '"trunk_open":true' 0 "$BIN" tap --phone watch --car roadster \
    --action trunk --json
json_pipe() {
    "$BIN" phone share alice 1 --yes --json >share.json && field share.json link | grep -q '#' &&
        [ -n "$(field share.json message)" ]
}
check cli_share_json json_pipe
check cli_sharings_json says '"role":"owner"' 0 "$BIN" phone sharings alice --json
check cli_sharings_text says "owner   done" 0 "$BIN" phone sharings alice

# PIN: the owner asks, the friend answers; a wrong one is counted.
"$BIN" phone remove watch 1 >/dev/null
pin_asked() {
    "$BIN" phone share alice 1 --yes --pin 246810 --out p10 >p.link &&
        "$BIN" phone accept watch --link "$(cat p.link)" --in p10 --out p11 &&
        "$BIN" phone take alice --in p11 --out p14 &&
        says "waits for the PIN" 0 "$BIN" phone take watch --in p14
}
check cli_pin_is_asked pin_asked
number() { "$BIN" phone sharings "$1" | grep "waits for the PIN" | awk '{print $1}'; }
pin_wrong() {
    "$BIN" phone pin watch "$(number watch)" 111111 --out pw &&
        says "PIN of the sharing" 86 "$BIN" phone take alice --in pw --out pq &&
        says "4 tries left" 0 "$BIN" phone take watch --in pq
}
check cli_pin_wrong_is_counted pin_wrong
pin_right() {
    "$BIN" phone pin watch "$(number watch)" 246810 --out pr &&
        "$BIN" phone take alice --in pr --out p12 &&
        says "done" 0 "$BIN" phone take watch --in p12
}
check cli_pin_right pin_right

# A password typed at the car, and a package by the car's own connection.
guarded() { # guarded WHO options...   a key that lies ready
    local who=$1; shift
    "$BIN" phone share alice 1 --yes "$@" --out g10 >g.link &&
        "$BIN" phone accept "$who" --link "$(cat g.link)" --in g10 --out g11 &&
        "$BIN" phone take alice --in g11 --out g12 && "$BIN" phone take "$who" --in g12
}
password() {
    "$BIN" phone remove bob 1 && guarded bob --password sesame &&
        says "waits for the sharing password" 84 tap bob roadster && sleep 2.1 &&
        "$BIN" car menu roadster password sesame && says "granted" 0 tap bob roadster
}
check cli_password_at_the_car password
online() {
    "$BIN" phone remove bob 2 && guarded bob &&
        "$BIN" trace package g10 g12 --link "$(cat g.link)" --out package &&
        "$BIN" car menu roadster accept package &&
        says "pending" 0 "$BIN" car menu roadster list &&
        says "granted, standard" 0 tap bob roadster &&
        says "granted, fast" 0 tap bob roadster door lock
}
check M85_package_by_the_cars_own_connection online
check SH9_package_twice says "exists already" 5 "$BIN" car menu roadster accept package
again() { # after the end of its key
    local key
    key=$("$BIN" car menu roadster list | grep 'active *friend' | awk 'END { print $1 }')
    "$BIN" car menu roadster end "$key" && sleep 2.1 &&
        says "never comes back" 82 "$BIN" car menu roadster accept package &&
        says "was ended" 33 tap bob roadster
}
check M62_package_after_the_end again
package_named() { says "SHARER" 0 "$BIN" trace package g10 g12 --link "$(cat g.link)"; }
check N5_package_is_named package_named
time_goes_on() {
    local pid
    pid=$(for p in $PIDS; do grep -qa "run.roadster" "/proc/$p/cmdline" && echo "$p"; done)
    kill "$pid" && wait_for 5 test ! -S "$LATCHKEY_WORLD/run/roadster.car"
    run_car roadster && says "time     20" 0 "$BIN" car status roadster
}
check D30_time_goes_on_over_a_restart time_goes_on
# M61, M62: the owner's phone gets new slots and tokens, at the dashboard alone, the owner alone.
check M61_refill_at_the_dashboard says "granted, standard" 0 tap alice roadster dashboard refill
check M61_refill_is_not_for_the_door says "may not do that" 34 tap alice roadster door refill
check M61_refilled_phone_starts says "ready to drive" 0 tap alice roadster dashboard start
finish
