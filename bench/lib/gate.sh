# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the checks on the head of a request cost. Sourced by bench/run, which sets: gate, scratch, server_core.

measure_gate() {
  echo
  if [ -z "$gate" ]; then
    echo "The gate: left out, its program could not be built"
    return
  fi
  printf 'Nanoseconds for the head of a request: "scan" finds its pieces and checks nothing, "parse" is what the server does, "gate" is\n'
  printf 'the difference. Goal: at most 150 for the head of hello.\n\n'
  taskset -c "$server_core" "$gate" --slices 500 >"$scratch/gate.txt" || echo "  the program failed" >&2
  awk 'BEGIN { row = "%-12s %8s %8s %8s %8s %8s\n"; printf row, "head", "bytes", "fields", "scan", "parse", "gate" }
    { printf row, $1, $2, $3, $4, $5, $6 }' "$scratch/gate.txt"
}
