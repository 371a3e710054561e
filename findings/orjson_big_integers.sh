#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# orjson reads an integer beyond 64 bits as a float, without an error: 18446744073709551616 becomes 1.8446744073709552e19, and the next number
# up becomes the same one. Python's own json and msgspec read both exactly. Up to 18446744073709551615 all three agree, so tests with the
# largest uint64 pass.
#
# Seen: orjson 3.13.0, msgspec 0.23.0, Python's json, 2026-11-30.
# For us: identifiers that may pass 64 bits go as strings; that a client is written in Python does not mean that it keeps every digit.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check orjson==3.13.0 msgspec==0.23.0

cat >seen.py <<'PY'
import json, msgspec, orjson
print("orjson", orjson.__version__, "msgspec", msgspec.__version__)
for number in 2**64 - 1, 2**64, 2**64 + 1, -2**63 - 1:
    read = [loads(str(number)) for loads in (json.loads, msgspec.json.decode, orjson.loads)]
    print(number, "json", read[0] == number, "msgspec", read[1] == number, "orjson", read[2])
PY
venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
orjson 3.13.0 msgspec 0.23.0
18446744073709551615 json True msgspec True orjson 18446744073709551615
18446744073709551616 json True msgspec True orjson 1.8446744073709552e+19
18446744073709551617 json True msgspec True orjson 1.8446744073709552e+19
-9223372036854775809 json True msgspec True orjson -9.223372036854776e+18
EOF
