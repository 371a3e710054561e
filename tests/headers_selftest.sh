#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that headers_test.sh can fail: passes a small good tree, then breaks one rule after the other in it.
set -euo pipefail

check="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/headers_test.sh"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# good_tree [LINE...]: a header with an example, the program that has it, and the lines of the arguments at the end of the header.
good_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/concurrency" "$tree/tests/api"
  {
    printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '' 'namespace internal {' 'template <class T>' 'class Machine;' '}' ''
    printf '%s\n' '// A tool.' '//' '//   weft::Tool tool;' '//   tool.Use();' 'class Tool;'
    if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi
  } >"$tree/concurrency/tool.h"
  printf '%s\n' 'int main() {' '  weft::Tool tool;' '  tool.Use();' '}' >"$tree/tests/api/header_tools.cc"
}

# expect_breach WHAT [LINE...]: a good tree with these lines is reported for WHAT.
expect_breach() {
  local what=$1 report
  shift
  good_tree "$@"
  if report=$("$check" "$tree" 2>&1); then
    echo "not found: $what"
    failures=$((failures + 1))
  elif [[ $report != *"$what"* ]]; then
    printf 'reported otherwise than as "%s":\n%s\n' "$what" "$report"
    failures=$((failures + 1))
  fi
}

good_tree
"$check" "$tree" || { echo "the good tree does not pass"; failures=$((failures + 1)); }

hundred=$(printf '/%.0s' {1..100})
expect_breach "no line has more than 100 columns" "$hundred/"
expect_breach "internals are defined in headers" 'namespace internal {' 'struct Machine {' '};' '}' '// One.' '// Two.' '// Three.'
expect_breach "internals are defined in headers" 'namespace weft::internal {' 'constexpr int kParts = 3;' '}' '// One.' '// Two.'
expect_breach "internals are defined in headers" 'namespace internal {' 'inline int Parts() { return 3; }' '}' '// One.' '// Two.'
expect_breach "at least 35 % is due" 'int a;' 'int b;' 'int c;'
expect_breach "this example is in no program" '//   weft::Tool other;'
expect_breach "this example is in no program" '// Several lines:' '//' '//   tool.Use();' '//   weft::Tool tool;'
expect_breach "this example is in no program" '//   void Use() { tool.Use(); }   // without the word'

# A list and a table are no code.
good_tree '//   - one thing;' '//   - another;' '//' '//   kRefused   it is full'
"$check" "$tree" >/dev/null || { echo "a list or a table counts as code"; failures=$((failures + 1)); }

good_tree
printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '// Without.' '// An example.' 'class Other;' >"$tree/concurrency/other.h"
if report=$("$check" "$tree"); then report="nothing"; fi
[[ $report == *"concurrency/other.h:1: a public header has an example"* ]] || { echo "not found: a header without an example"; failures=$((failures + 1)); }

good_tree
rm "$tree"/concurrency/*
if "$check" "$tree" >/dev/null 2>&1; then
  echo "a tree without headers passes"
  failures=$((failures + 1))
fi

[ "$failures" -eq 0 ] || exit 1
echo "each rule for public headers can fail"
