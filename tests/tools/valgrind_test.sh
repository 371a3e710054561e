#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# valgrind, without any option of its own, has nothing to say about a correct program. Ends with 77 (skipped) without valgrind.
#
#   valgrind_test.sh PROGRAM
set -euo pipefail

if ! command -v valgrind >/dev/null; then
  echo "valgrind is not installed (scripts/setup tools)"
  [ "${WEFT_NEED_PROGRAMS:-}" = 1 ] && exit 1
  exit 77
fi
valgrind --error-exitcode=9 --leak-check=no "$1" 2>&1 | tee /dev/stderr | grep -q 'ERROR SUMMARY: 0 errors'
