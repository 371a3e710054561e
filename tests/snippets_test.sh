#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Keeps the documents honest: a block of code that is marked with the name of a file,
#
#   <!-- tests/api/share_run.cc -->
#
#       if (weft::Error err = mutex.Lock(ctx)) return err;
#
# must occur in that file line by line (indentation aside). The block is indented by four spaces or fenced, and follows the mark.
# In docs/concurrency.md and docs/handlers.md each block with C++ of weft is marked.
#
#   tests/snippets_test.sh [TREE]      TREE: the top of the repository, by default the one this script is in
#
# Prints one line for each breach, "file:line: what", and ends with 1 if there was any.
set -euo pipefail
export LC_ALL=C

cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

awk '
function trimmed(line) { gsub(/^[ \t]+|[ \t]+$/, "", line); return line }
function breach(line, what) { print FILENAME ":" line ": " what; ++breaches }

# The lines of a source, once, in one string between line ends.
function text_of(file,    line, text) {
  if (file in texts) return texts[file]
  text = "\n"
  while ((getline line < file) > 0) text = text trimmed(line) "\n"
  close(file)
  return texts[file] = text
}
function check_block() {
  if (block == "") return
  if (source != "") {
    ++checked
    if (text_of(source) == "\n") breach(source_line, source " is not there or empty")
    else if (index(text_of(source), "\n" block) == 0) breach(block_line, "this is not in " source " as it stands here")
  } else if (FILENAME ~ /^docs\/(concurrency|handlers)\.md$/ && block ~ /weft::[A-Z]/ && block ~ /[;{]\n/) {
    breach(block_line, "a snippet without the name of the file that it is from")
  }
  block = source = ""
}

FNR == 1 { block = source = ""; fenced = 0 }
/^<!-- [a-z_\/]+\.cc -->$/ { check_block(); source = $2; source_line = FNR; next }
/^ *```/ {
  if (fenced) { fenced = 0; check_block() } else { fenced = 1; block_line = FNR + 1 }
  next
}
fenced { block = block trimmed($0) "\n"; next }
/^    / {
  if (block == "") block_line = FNR
  block = block trimmed($0) "\n"
  next
}
/^$/ && block == "" { next }
{ if (block != "") check_block(); else if (source != "") { breach(source_line, "a mark without a snippet"); source = "" } }
END {
  if (checked == 0) { print "no marked snippet: nothing was checked"; exit 1 }
  if (breaches != 0) exit 1
  print checked " snippets are as they are in their programs"
}
' README.md docs/*.md
