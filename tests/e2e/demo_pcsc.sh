#!/bin/bash
# The day over the real PC/SC stack: pcscd, its virtual card driver, libpcsclite. pcscd runs in a
# network namespace and with a socket folder of its own; one that is already running is not
# touched.
. "$(dirname "$0")/../support/lib.sh"
can_run_pcscd || exit 77
timeout 120 "$BIN" demo --radio pcsc --json >"$WORK/demo.json" 2>"$WORK/demo.err"
code=$?
[ $code -eq 0 ] || cat "$WORK/demo.json" "$WORK/demo.err"
check M8_pcsc_stack test $code -eq 0
check M117_door_and_dashboard_readers step_ok "$WORK/demo.json" start_standard
finish
