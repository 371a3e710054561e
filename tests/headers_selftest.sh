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
  mkdir -p "$tree/concurrency" "$tree/net/internal" "$tree/tests/api"
  {
    printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '' 'namespace internal {' 'template <class T>' 'class Machine;' '}' ''
    printf '%s\n' '// A tool.' '//' '//   weft::Tool tool;' '//   tool.Use();' 'class Tool;'
    if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi
  } >"$tree/concurrency/tool.h"
  printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '// Of another folder.' '//' '//   weft::Other other;' 'class Other;' >"$tree/net/other.h"
  printf '%s\n' 'int main() {' '  weft::Tool tool;' '  tool.Use();' '  weft::Other other;' '}' >"$tree/tests/api/header_tools.cc"
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

# expect_elsewhere WHAT: the tree as it is now is reported for WHAT.
expect_elsewhere() {
  local report
  if report=$("$check" "$tree" 2>&1); then report="nothing"; fi
  [[ $report == *"$1"* ]] && return
  printf 'not found: "%s", but\n%s\n' "$1" "$report"
  failures=$((failures + 1))
}

good_tree
echo "$hundred/" >>"$tree/net/other.h"
expect_elsewhere "net/other.h:6: no line has more than 100 columns"

good_tree
echo "$hundred/" >>"$tree/version.h"
echo "$hundred/" >>"$tree/version.h"
expect_elsewhere "version.h:2: no line has more than 100 columns"

good_tree
for ((i = 0; i < 20; ++i)); do echo "class Part$i;"; done >>"$tree/net/other.h"
expect_elsewhere "all:1: prose is"

good_tree
for ((i = 0; i < 20; ++i)); do echo "class Part$i;$hundred"; done >>"$tree/net/internal/parts.h"
"$check" "$tree" >/dev/null || { echo "an internal header is held to the rules"; failures=$((failures + 1)); }

# A list and a table are no code.
good_tree '//   - one thing;' '//   - another;' '//' '//   kRefused   it is full'
"$check" "$tree" >/dev/null || { echo "a list or a table counts as code"; failures=$((failures + 1)); }

good_tree
printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '// Without.' '// An example.' 'class Other;' >"$tree/concurrency/other.h"
if report=$("$check" "$tree"); then report="nothing"; fi
[[ $report == *"concurrency/other.h:1: a public header has an example"* ]] || { echo "not found: a header without an example"; failures=$((failures + 1)); }

# In other folders, too; there, only those of net/ and a few others must be in a program.
good_tree
mkdir -p "$tree/http" "$tree/handlers"
printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '// Without.' '// An example.' 'class Other;' >"$tree/http/other.h"
expect_elsewhere "http/other.h:1: a public header has an example"
printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' '// With one.' '//   other.Use();' 'class Other;' >"$tree/http/other.h"
"$check" "$tree" >/dev/null || { echo "the example in http/other.h must be in a program"; failures=$((failures + 1)); }
cp "$tree/http/other.h" "$tree/handlers/refusal_body.h"
expect_elsewhere "handlers/refusal_body.h:3: this example is in no program"
cp "$tree/http/other.h" "$tree/net/third.h"
expect_elsewhere "net/third.h:3: this example is in no program"

good_tree
rm "$tree"/concurrency/*
if "$check" "$tree" >/dev/null 2>&1; then
  echo "a tree without headers passes"
  failures=$((failures + 1))
fi

[ "$failures" -eq 0 ] || exit 1
echo "each rule for public headers can fail"
