#!/bin/bash
# A phone and a car written a second time, in Python, from the pages in spec/ alone (tests/second),
# against the product: vectors of the pages, pairing and taps both ways, one lie at a time.
. "$(dirname "$0")/../support/lib.sh"
HERE=$(cd "$(dirname "$0")/.." && pwd)
python3 -c 'import cryptography' 2>/dev/null || {
    echo "skipped: the Python package cryptography is not installed"
    exit 77
}
export LATCHKEY_WORLD="$WORK/world" PYTHONDONTWRITEBYTECODE=1
"$BIN" world new >/dev/null || { bad PA4_second_implementation "no world"; finish; }
timeout 60 python3 "$HERE/second/test_second.py" "$BIN" "$LATCHKEY_WORLD" "$HERE/../spec" ||
    FAILED=1
finish
