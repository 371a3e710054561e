#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles each case of a file of tests/rejected/: "#if CASE == N  // TEXT" must not compile, with one static assertion that says TEXT, or,
# for "error: TEXT", one error that does; and "accepted" must compile.
#
#   tests/rejected_test.sh FILE COMPILER [OPTION...]
set -euo pipefail
export LC_ALL=C
file=$1
shift

said=$(mktemp)
trap 'rm -f "$said"' EXIT
cases=0
breaches=0
report() {
  echo "$file: case $1: $2"
  cat "$said"
  breaches=$((breaches + 1))
}

while IFS=: read -r number text; do
  cases=$((cases + 1))
  if "$@" -std=c++20 -fsyntax-only -DCASE="$number" "$file" >"$said" 2>&1; then
    [ "$text" = accepted ] || report "$number" "it compiles"
  elif [ "$text" = accepted ]; then
    report "$number" "it does not compile"
  else
    [[ $text == error:* ]] || text="static.assertion failed.*$text"
    grep -q "$text" "$said" || report "$number" "the compiler does not say \"$text\""
    [ "$(grep -c ' error: ' "$said")" -eq 1 ] || report "$number" "there is more than one error"
  fi
done < <(sed -nE 's,^#(el)?if CASE == ([0-9]+)  // (.*)$,\2:\3,p' "$file")

if [ "$cases" -eq 0 ]; then
  echo "$file: no cases"
  exit 1
fi
[ "$breaches" -eq 0 ] || exit 1
echo "$cases cases are what they should be"
