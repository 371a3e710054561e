#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Holds the public headers, which are all that are not under internal/, to what a reader may expect of them:
#
#   width      no line has more than 100 columns
#   prose      at least 35 % of all their lines are comments, of all headers together and of those of concurrency/
#   examples   each header has one. In concurrency/ and net/, and in the headers of handlers/ that are listed here, each example is
#              compiled: it occurs line by line (indentation aside) in a program of tests/api/header_*.cc, or in
#              tests/concurrency/header_examples_test.cc, which also runs it
#
# and those of concurrency/ also to this:
#
#   machinery  internals are declared there at most: their definitions lie in headers under internal/
#
#   tests/headers_test.sh [TREE]      TREE: the top of the repository, by default the one this script is in
#
# Prints one line for each breach, "file:line: rule", and ends with 1 if there was any. headers_selftest.sh proves that each rule can fail.
set -euo pipefail
export LC_ALL=C
cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

width_max=100
prose_min=35
# Headers that only bring others along, or give an old name.
without_example="concurrency/pool.h concurrency/sync.h concurrency/time.h version.h
  handlers/access_log.h handlers/debug_fibers.h handlers/exchange.h handlers/fields.h handlers/health.h handlers/mux.h
  handlers/recover.h handlers/redirect.h handlers/status.h handlers/stream.h"
compiled="^(concurrency|net)/|^handlers/(refusal_body|server_side|middleware/(authenticated_user|constant_time))[.]h$"

awk -v width_max="$width_max" -v prose_min="$prose_min" -v without_example="${without_example//$'\n'/ }" -v compiled="$compiled" '
function breach(line, rule) { print FILENAME ":" line ": " rule; ++breaches }
function trimmed(line) { gsub(/^[ \t]+|[ \t]+$/, "", line); return line }

# At the end of a run of indented comment lines: a list, a table, or code.
function end_block() {
  if (block != "" && is_code) {
    has_example = 1
    ++examples
    if (header ~ compiled) {
      ++compiled_examples
      if (index(programs, "\n" block) == 0) breach(block_line, "this example is in no program that is compiled (tests/api/header_*.cc)")
    }
  }
  block = ""
  is_code = 0
}
function end_header() {
  end_block()
  if (header == "" || has_example) return
  if (header in needs_none) return
  print header ":1: a public header has an example"
  ++breaches
}

BEGIN {
  split(without_example, list, " ")
  for (i in list) needs_none[list[i]] = 1
  programs = "\n"
}
FILENAME ~ /^tests\// { programs = programs trimmed($0) "\n"; next }

FNR == 1 {  # the licence line is no prose
  end_header()
  in_concurrency = FILENAME ~ /^concurrency\//
  header = FILENAME
  has_example = inside = 0
  next
}
{ ++lines["all"]; lines["concurrency"] += in_concurrency }
/^ *\/\// { ++prose["all"]; prose["concurrency"] += in_concurrency }
length($0) > width_max { breach(FNR, "no line has more than " width_max " columns") }

# Declarations of classes end with a semicolon; whatever opens a brace defines something.
/^namespace (weft::)?internal [{]$/ { inside = 1; next }
/^}/ { inside = 0 }
in_concurrency && inside && /[{=]/ && !/^template </ { breach(FNR, "internals are defined in headers under internal/") }

/^ *\/\/   / {
  text = trimmed($0)
  sub(/^\/\/ */, "", text)
  if (block == "") { block_line = FNR; is_list = text ~ /^- / }
  block = block text "\n"
  code = text
  sub(/ *\/\/.*$/, "", code)
  if (!is_list && code ~ /weft::|[;{}]$/) is_code = 1
  next
}
{ end_block() }

END {
  end_header()
  if (lines["concurrency"] == 0) { print "no header of concurrency/: nothing was checked"; exit 1 }
  for (which in lines) {
    share[which] = 100 * prose[which] / lines[which]
    if (share[which] >= prose_min) continue
    printf "%s:1: prose is %.2f %% of the public headers, at least %d %% is due\n", which, share[which], prose_min
    ++breaches
  }
  if (breaches > 0) { print breaches " breaches of the rules for public headers"; exit 1 }
  printf "the public headers have %.1f %% prose, those of concurrency/ %.1f %%, and %d examples; %d are compiled\n", \
    share["all"], share["concurrency"], examples, compiled_examples
}
' $(ls tests/api/header_*.cc tests/concurrency/header_examples_test.cc 2>/dev/null) \
  $(find . -name '*.h' -printf '%P\n' | grep -vE '(^|/)internal/|^(bench|build|examples|findings|scripts|tests)/' | sort)
