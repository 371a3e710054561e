#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# scripts/gdb/weft.py shows the fibers of a process and of its core. Ends with 77 (skipped) without gdb.
#
#   gdb_test.sh PROGRAM
set -euo pipefail

program=$1
script="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/scripts/gdb/weft.py"
if ! command -v gdb >/dev/null || ! gdb -batch -ex 'python import gdb.unwinder' >/dev/null 2>&1; then
  echo "gdb with Python is not installed (scripts/setup tools)"
  [ "${WEFT_NEED_PROGRAMS:-}" = 1 ] && exit 1
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# In a container that forbids it, gdb cannot start anything.
if ! gdb -nx -batch -ex run -ex 'info threads' "$program" >"$work/try" 2>&1 || ! grep -q SIGTRAP "$work/try"; then
  cat "$work/try"
  echo "gdb cannot run programs here"
  exit 77
fi

look=(-ex 'weft fibers' -ex 'weft bt' -ex 'thread apply 1 bt')
gdb -nx -batch -x "$script" -ex run "${look[@]}" "$program" >"$work/live" 2>&1
programs=(live)
# The kernel's core; gdb's own stops at the guard of the first stack. Not every system leaves cores in the folder.
(cd "$work" && ulimit -c unlimited && "$program" >/dev/null 2>&1) || true
core=$(find "$work" -name 'core*' | head -1)
if [ -n "$core" ]; then
  gdb -nx -batch -x "$script" "${look[@]}" "$program" "$core" >"$work/dead" 2>&1
  programs+=(dead)
fi

bad=0
want() {
  for from in "${programs[@]}"; do
    if ! grep -qE "$1" "$work/$from"; then
      echo "not in what gdb says of the $from program: $1"
      bad=1
    fi
  done
}
want '^#[0-9]+  reader  loop 0  parked on channel receive  started at parked_main.cc:[0-9]+'
want '^#[0-9]+  sleeper  loop 0  parked on sleep'
want '^#[0-9]+  main  loop 0  running'
want '^    #[0-9]+ .*WaitsForAValue'
want '^    #[0-9]+ .*WaitsForAnHour'
want '^    #[0-9]+ .*FiberEntry'
want '^#[0-9]+ .*raise' # the thread's own stack is as it was

[ $bad = 0 ] || { cat "$work/live" && exit 1; }
echo "seen: ${programs[*]}"
