#!/bin/bash
# pcscd.sh start|stop|status|enter COMMAND...: a PC/SC daemon of our own, with the virtual card
# driver.
#
# The driver listens on all addresses, so the daemon runs in a network namespace of its own; its
# socket lies in a private folder, so that a daemon that is already running is neither used nor
# disturbed. Needs root. `start` prints what a client needs:
#   PCSCLITE_CSOCK_NAME=...   the daemon's socket, for the environment of a reader program
#   LATCHKEY_PCSCD_PID=...    the process whose network namespace has the driver's ports
# `enter` runs a command with both set, inside that namespace: a virtual card, for example.
# The folder is $LATCHKEY_PCSCD_DIR, else /run/latchkey-pcscd. spec/links.md.
set -u
folder=${LATCHKEY_PCSCD_DIR:-/run/latchkey-pcscd}
pid_file=$folder/pid
socket=$folder/run/pcscd.comm
port=35963

say() { echo "pcscd.sh: $*" >&2; }

running() { # our own daemon, by pid file; the name is checked because numbers are used again
    [ -r "$pid_file" ] || return 1
    pid=$(cat "$pid_file")
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = pcscd ]
}

is_open() { # a listener on the driver's port inside the namespace: state 0A in its own table
    grep -qi ":$(printf %04X $port) .* 0A " "/proc/$pid/net/tcp" 2>/dev/null
}

tell() {
    echo "PCSCLITE_CSOCK_NAME=$socket"
    echo "LATCHKEY_PCSCD_PID=$pid"
}

start() {
    command -v pcscd >/dev/null || { say "pcscd is not installed"; exit 77; }
    [ "$(id -u)" = 0 ] || { say "a network namespace needs root"; exit 77; }
    if running; then
        say "runs already as process $pid"
        tell
        exit 0
    fi
    for other in /proc/[0-9]*/comm; do
        [ "$(cat "$other" 2>/dev/null)" = pcscd ] &&
            say "another pcscd runs (process $(basename "$(dirname "$other")")); it is left alone"
    done
    mkdir -p "$folder/run" /run/pcscd && chmod 755 "$folder" "$folder/run" || exit 1
    rm -f "$socket"
    setsid unshare -n -m sh -c '
        echo $$ > "$1/pid"
        mount --make-rprivate / && mount --bind "$1/run" /run/pcscd && ip link set lo up &&
            exec pcscd --foreground' sh "$folder" >"$folder/log" 2>&1 </dev/null &
    for _ in $(seq 100); do
        if running && [ -S "$socket" ] && is_open; then
            tell
            exit 0
        fi
        sleep 0.1
    done
    say "it did not come up within 10 s; its log is $folder/log"
    stop
    exit 1
}

stop() {
    if ! running; then
        say "no daemon of ours runs"
        return 0
    fi
    kill "$pid"
    for _ in $(seq 50); do
        running || break
        sleep 0.1
    done
    running && kill -9 "$pid"
    rm -f "$pid_file" "$socket"
    return 0
}

case ${1:-} in
start) start ;;
stop) stop ;;
status) running && tell ;;
enter)
    shift
    running || { say "not started"; exit 1; }
    export PCSCLITE_CSOCK_NAME=$socket LATCHKEY_PCSCD_PID=$pid
    exec nsenter -t "$pid" -n -- "$@"
    ;;
*)
    say "usage: pcscd.sh start|stop|status|enter COMMAND..."
    exit 2
    ;;
esac
