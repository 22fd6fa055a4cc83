#!/bin/bash
# FA5: the instructions of the search over 20 keys are the same for the first key, the last, one
# between and none (one byte wrong), one key at a time and two; those of the 16-byte compare are the
# same wherever the two differ. Counted by callgrind with the portable SHA-256.
program=$LATCHKEY_BUILD/tests/test_unit_test_fast_count
. "$(dirname "$0")/../support/count.sh"
failed=0
same() { # NAME FUNCTION "ARGUMENTS"...: all of them cost the same, and something
    local name=$1 function=$2 first='' n; shift 2
    for arguments in "$@"; do
        n=$(count "$function" $arguments)
        echo "$function $arguments: ${n:-none} instructions"
        first=${first:-$n}
        if [ -z "$n" ] || [ "$n" = 0 ] || [ "$n" != "$first" ]; then
            echo "not ok $name: $arguments"
            failed=1
            return
        fi
    done
    echo "ok $name"
}
same FA5_instruction_count_of_the_search lk_fast_scan \
    "1 key 0" "1 key 19" "1 key 7" "1 byte 0" "1 byte 15"
same FA5_instruction_count_of_the_search_by_two lk_fast_scan \
    "2 key 0" "2 key 19" "2 key 7" "2 byte 0" "2 byte 15"
same FA5_instruction_count_of_the_compare lk_equal "1 equal 0" "1 equal 15" "1 equal 16"
exit $failed
