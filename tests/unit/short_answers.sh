#!/bin/bash
# PR6: the error paths of test_short_answers.c under memcheck: no look beyond what came, no use of
# a byte that was never written.
program=$LATCHKEY_BUILD/tests/test_unit_test_short_answers
if ! command -v valgrind >/dev/null || [ ! -x "$program" ] ||
    nm "$program" | grep -qE '__(asan|ubsan)_'; then
    echo "skip PR6_memcheck_of_error_paths: needs valgrind and a build without sanitizers"
    exit 77
fi
log=$(mktemp /tmp/latchkey-short-XXXXXX)
trap 'rm -f "$log"' EXIT
if timeout 250 valgrind --error-exitcode=9 -q "$program" 7 >"$log" 2>&1 &&
    grep -q 'PASSED.* 5 test' "$log"; then
    echo "ok PR6_memcheck_of_error_paths"
else
    cat "$log"
    echo "not ok PR6_memcheck_of_error_paths"
    exit 1
fi
