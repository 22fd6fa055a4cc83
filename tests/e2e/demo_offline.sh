#!/bin/bash
# The same day in a network namespace that holds nothing but loopback: no network takes part (M10,
# M28).
. "$(dirname "$0")/../support/lib.sh"
AS="unshare --net"
$AS true 2>/dev/null || AS="unshare --net --map-root-user" # an ordinary user
if ! $AS true 2>/dev/null; then
    echo "skipped: this user cannot have a network namespace"
    exit 77
fi
inside() { $AS sh -c 'ip link set lo up && exec timeout 60 "$0" demo --json' "$BIN"; }
inside >"$WORK/demo.json" 2>"$WORK/demo.err"
code=$?
[ $code -eq 0 ] || cat "$WORK/demo.json" "$WORK/demo.err"
check M10_no_network test $code -eq 0
check M28_every_tap_offline step_ok "$WORK/demo.json" unlock_fast
check M50_no_automaker_app step_ok "$WORK/demo.json" pair
check M53_chains_without_clock_and_network step_ok "$WORK/demo.json" pair
finish
