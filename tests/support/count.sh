# count.sh: counts instructions by callgrind. Set `program` to the test program and source this; it
# ends the test as skipped where that is not possible. Sourced, not run.
if ! command -v valgrind >/dev/null || [ ! -x "${program:?}" ] ||
    nm "$program" | grep -qE '__(asan|ubsan)_'; then
    echo "skipped: needs valgrind and $program, built without sanitizers"
    exit 77
fi
work=$(mktemp -d /tmp/latchkey-count-XXXXXX)
trap 'rm -rf "$work"' EXIT
count() { # FUNCTION ARGUMENTS...: instructions of the function and all it calls
    local function=$1; shift
    timeout 120 valgrind --tool=callgrind --callgrind-out-file="$work/out" --collect-atstart=no \
        --toggle-collect="$function" "$program" "$@" >"$work/log" 2>&1 || return
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/log"
}
