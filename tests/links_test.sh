#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the documents for what is gone: each link leads to a file of the repository and to a heading in it, each path between backticks
# (`tests/api/x.cc`; * stands for anything) exists, each option that is named with its struct (`ServerOptions::name`) occurs in the sources,
# and docs/README.md links every page of docs/. CHANGELOG.md and docs/rationale.md tell of names that are gone, so only their links count.
#
#   tests/links_test.sh [TREE]      TREE: the top of the repository, by default the one this script is in
#
# Prints one line for each breach, "file:line: what", and ends with 1 if there was any.
set -euo pipefail
export LC_ALL=C
cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

breaches=0
breach() {
  echo "$1:$2: $3"
  breaches=$((breaches + 1))
}

# Prints the anchors of the headings of a document, as GitHub and GitLab make them.
anchors_of() {
  awk '/^ *```/ { fenced = !fenced } !fenced && /^#+ / {
    sub(/^#+ +/, ""); gsub(/`/, "")
    line = tolower($0); gsub(/[^a-z0-9 _-]/, "", line); gsub(/ /, "-", line)
    print line
  }' "$1"
}

# Whether FILE has a heading with this anchor.
has_anchor() { anchors_of "$1" | grep -qxF -- "$2"; }

# Prints "line<tab>kind<tab>what" for the links (L), paths (P) and options (O) of a document; code blocks have none.
mentions_in() {
  awk -v codemap="$([ "$1" != docs/architecture.md ] || echo yes)" '
    /^ *```/ { fenced = !fenced; next }
    fenced || /^    / { next }
    {
      line = $0
      while (match(line, /\]\([^) ]+\)/)) {
        print FNR "\tL\t" substr(line, RSTART + 2, RLENGTH - 3)
        line = substr(line, RSTART + RLENGTH)
      }
      line = $0
      while (match(line, /`[^`]+`/)) {
        word = substr(line, RSTART + 1, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
        # The files of the library in docs/architecture.md are the affair of codemap_test.sh.
        if (word ~ /^(tests|bench|scripts|examples|docs|cmake)\/[A-Za-z0-9_.\/*-]+$/ ||
            (!codemap && word ~ /^(concurrency|net|http|clients|handlers|server)\/[a-z][A-Za-z0-9_.\/*-]+$/)) print FNR "\tP\t" word
        if (word ~ /^[A-Z][A-Za-z0-9]*::[A-Za-z_0-9]+(\(\))?$/) print FNR "\tO\t" word
      }
    }' "$1"
}

mapfile -t documents < <(find . -name '*.md' -not -path './build/*' -not -path './.git/*' | sed 's|^\./||' | sort)
[ ${#documents[@]} -gt 0 ] || { echo "no documents"; exit 1; }
sources=()
for folder in concurrency net http clients handlers server examples tests bench; do
  if [ -d "$folder" ]; then sources+=("$folder"); fi
done
words=$(grep -rohE --include='*.h' --include='*.cc' --include='*.go' '[A-Za-z_][A-Za-z_0-9]*' "${sources[@]}" | sort -u)

checked=0
for document in "${documents[@]}"; do
  while IFS=$'\t' read -r line kind what; do
    checked=$((checked + 1))
    case $kind in
      L)
        case $what in http://* | https://* | mailto:*) continue ;; esac
        path=${what%%#*} file=$document
        if [ -n "$path" ]; then file=$(realpath -m --relative-to=. "$(dirname "$document")/$path"); fi
        if [ ! -e "$file" ]; then
          breach "$document" "$line" "$what leads nowhere"
        elif [ "$what" != "$path" ] && ! has_anchor "$file" "${what#*#}"; then
          breach "$document" "$line" "$file has no heading #${what#*#}"
        fi
        ;;
      P)
        case $document in CHANGELOG.md | docs/rationale.md) continue ;; esac
        # A program is named without its ending, and a path relative to its document, too.
        if ! compgen -G "$what" >/dev/null && ! compgen -G "$what.*" >/dev/null && ! compgen -G "$(dirname "$document")/$what" >/dev/null; then
          breach "$document" "$line" "$what is not there"
        fi
        ;;
      O)
        case $document in CHANGELOG.md | docs/rationale.md) continue ;; esac
        what=${what%()}
        for word in "${what%%::*}" "${what#*::}"; do
          grep -qxF -- "$word" <<<"$words" || breach "$document" "$line" "$what: there is no $word in the sources"
        done
        ;;
    esac
  done < <(mentions_in "$document")
done

if [ -e docs/README.md ]; then
  for page in docs/*.md; do
    page=${page#docs/}
    [ "$page" = README.md ] || grep -qF "]($page" docs/README.md || breach docs/README.md 1 "$page is not linked"
  done
fi

if [ "$breaches" -gt 0 ]; then
  echo "$breaches breaches"
  exit 1
fi
[ "$checked" -gt 0 ] || { echo "nothing was checked"; exit 1; }
echo "$checked links, paths and options of ${#documents[@]} documents are there"
