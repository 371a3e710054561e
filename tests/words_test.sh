#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Holds the words of CONTRIBUTING.md ("Words") in new text: each word that has a better one may occur as often as it did, and no more. Whoever
# replaces some of them lowers its number here. Documents may not have the worst ones at all.
#
#   tests/words_test.sh [TREE]      TREE: the top of the repository, by default the one this script is in
set -euo pipefail
export LC_ALL=C
cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

places=()
for place in README.md docs concurrency net http clients handlers server examples; do
  if [ -e "$place" ]; then places+=("$place"); fi
done

breaches=0
# at_most NUMBER WORD INSTEAD: WORD is an extended regular expression for whole words.
at_most() {
  local count
  count=$({ grep -rEoiIw -- "$2" "${places[@]}" || true; } | wc -l)
  if [ "$count" -gt "$1" ]; then
    echo "\"$2\" occurs $count times, $((count - $1)) more than before: write $3"
    breaches=$((breaches + 1))
  fi
}

at_most 76 'answer(s|ed|ing)?' 'response, or respond'
at_most 11 'behind' 'after, following, or in front of it'
at_most 0 'beside' 'next to, together with, compared with, or during'
at_most 0 'for ever' 'forever, or without limit'
at_most 4 'patience' 'drain timeout'
at_most 0 'hard end' 'forced close'
at_most 0 'at the most' 'at most'
at_most 0 '(the|a|its|their) begin' 'start, or beginning'
at_most 0 'begin of' 'start of'
at_most 1 '(is|are|was|were) told' 'is reported, or can be told apart'
at_most 0 'who (has|is|wants|waits|does|asks)' 'a sentence with a subject'
at_most 0 'cancelled' 'canceled'
at_most 16 'kNone' 'kUnlimited'  # ClientAuth::kNone, BodyKind::kNone and the like, and the old name
at_most 6 '(Take|Give|Ensure)[A-Za-z]*Place[A-Za-z]*' 'Slot'

# The documents are free of these.
documents=()
for document in README.md docs/*.md examples/README.md; do
  if [ -e "$document" ]; then documents+=("$document"); fi
done
# none_in_documents WORD INSTEAD
none_in_documents() {
  local lines
  lines=$({ grep -nEiw -- "$1" ${documents[@]+"${documents[@]}"} /dev/null || true; })
  [ -n "$lines" ] || return 0
  printf '%s\n"%s" is not for documents: write %s\n' "$lines" "$1" "$2"
  breaches=$((breaches + 1))
}

none_in_documents 'for ever' 'forever, or without limit'
none_in_documents 'patience|hard end' 'drain timeout, or forced close'
none_in_documents 'at the most' 'at most'
none_in_documents '((the|a|its|their) begin|begin of)' 'start, or beginning'
none_in_documents 'who (has|is|wants|waits|does|asks)' 'a sentence with a subject'
none_in_documents 'cancelled' 'canceled'

if [ "$breaches" -gt 0 ]; then
  echo "$breaches words are used more often than before; CONTRIBUTING.md says which ones to use"
  exit 1
fi
echo "no word that has a better one is used more often than before"
