# lib.sh: shared by the end-to-end scripts. Each result is a line "ok NAME" or "not ok NAME: why";
# the script exits 1 if any was not ok. Sourced, not run.
set -u
BIN=${LATCHKEY_BIN:?path of the latchkey program}
WORK=$(mktemp -d /tmp/latchkey-e2e-XXXXXX)
FAILED=0
PIDS=""
good() { echo "ok $1"; }
bad() { echo "not ok $1: $2"; FAILED=1; }
check() { # check NAME command...
    local name=$1; shift
    if "$@" >"$WORK/check.log" 2>&1; then
        good "$name"
    else
        bad "$name" "$(tail -n 3 "$WORK/check.log" | tr '
' ' ')"
    fi
}
start() { # start LOG command...   remembers the process id
    local log=$1; shift
    "$@" >"$log" 2>&1 &
    PIDS="$PIDS $!"
}
wait_for() { # wait_for SECONDS command...
    local left=$(($1 * 20)); shift
    while [ $left -gt 0 ]; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05; left=$((left - 1))
    done
    return 1
}
# can_run_pcscd: a PC/SC daemon of our own needs its package and a network namespace. An ordinary
# user has none, nor has a container without the right, nor a chroot whose root is no mount point.
can_run_pcscd() {
    command -v pcscd >/dev/null && unshare --net --mount true 2>/dev/null && return
    echo "skipped: pcscd cannot run here (its package, and root with a network namespace)"
    return 1
}
children() { # children PID   the process ids of its children
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$1" '$4 == parent { print $1 }'
}
cleanup() {
    local p
    for p in $PIDS; do kill "$p" 2>/dev/null; done
    for p in $PIDS; do wait "$p" 2>/dev/null; done
    rm -rf "$WORK"
}
trap cleanup EXIT
says() { # says TEXT CODE command...   the exit code and a piece of what is printed
    local text=$1 want=$2; shift 2
    "$@" >"$WORK/out" 2>&1
    local code=$?
    [ $code -eq "$want" ] && grep -qF -- "$text" "$WORK/out" && return 0
    echo "exit $code: $(cat "$WORK/out")"
    return 1
}
finish() { exit $FAILED; }
# field FILE KEY: value of a string or number member in the last JSON line
field() { sed -n '$p' "$1" | grep -o "\"$2\":[^,}]*" | head -n 1 | sed 's/^[^:]*://; s/"//g'; }
step_ok() { grep -q "\"step\":\"$2\",\"ok\":true\|\"ok\":true.*\"step\":\"$2\"" "$1"; }
