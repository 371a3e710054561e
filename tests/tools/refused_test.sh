#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A program under ThreadSanitizer does not link with a weft that was built without it, and the linker says why.
#
#   refused_test.sh CXX INCLUDE_DIR LIBRARY...
set -euo pipefail

cxx=$1 include=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#include <weft/concurrency/run.h>\nint main() { return weft::Run(weft::Background(), [](const weft::Context&) {}) ? 1 : 0; }\n' >"$work/main.cc"
"$cxx" -std=c++20 -fsanitize=thread -c "-I$include" "$work/main.cc" -o "$work/main.o"
if "$cxx" -fsanitize=thread -fno-lto "$work/main.o" -o "$work/main" "$@" -pthread 2>"$work/said"; then
  echo "it links"
  exit 1
fi
grep -q 'weft_must_be_built_with_ThreadSanitizer_as_well' "$work/said" || { cat "$work/said"; exit 1; }
