#!/bin/bash
# An outside client (opensc-tool) talks to the running phone through pcscd: it can select the
# applet and the framework, and nothing else.
. "$(dirname "$0")/../support/lib.sh"
if ! command -v opensc-tool >/dev/null; then
    echo "skipped: opensc is not installed (make setup installs it)"
    exit 77
fi
can_run_pcscd || exit 77
export LATCHKEY_WORLD="$WORK/world"
"$BIN" world new >/dev/null || { bad world "not made"; finish; }
chmod 755 "$WORK"
start "$WORK/env" "$BIN" pcscd "$WORK/pcscd"
wait_for 10 grep -q LATCHKEY_PCSCD_PID "$WORK/env" || { bad pcscd "$(cat "$WORK/env")"; finish; }
set -a; . "$WORK/env"; set +a
start "$WORK/phone.log" "$BIN" phone run alice
wait_for 5 "$BIN" phone list alice || bad phone "$(cat "$WORK/phone.log")"
start "$WORK/hold.log" "$BIN" phone hold alice --port 35963 \
    --namespace-of "$LATCHKEY_PCSCD_PID" --seconds 60
wait_for 5 grep -q "lies on the reader" "$WORK/hold.log" || bad hold "$(cat "$WORK/hold.log")"
applet=00A404000DA000000809434343444B41763100
framework=00A404000DA000000809434343444B46763100
select_says() { opensc-tool -r 0 -s "$1" 2>&1 | tee "$WORK/select.log" | grep -q "$2"; }
wait_for 5 select_says "$applet" "SW1=0x90"
check M60_applet_selected_by_an_outside_client select_says "$applet" "SW1=0x90, SW2=0x00"
check M8_framework_selected_by_an_outside_client select_says "$framework" "SW1=0x90, SW2=0x00"
check unknown_application_refused select_says 00A4040006A0000000030000 "SW1=0x6A, SW2=0x82"
wired_on_air() {
    opensc-tool -r 0 -s $applet -s 803800000E5F200B3031323334353637383931 2>&1 |
        grep -q "SW1=0x6D"
}
check M54_no_personalisation_over_the_air wired_on_air
finish
