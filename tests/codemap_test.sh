#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks that docs/architecture.md names every file of the library's folders, and no file that is not there.
#
#   tests/codemap_test.sh [TREE]      TREE: the top of the repository, by default the one this script is in
#
# A file is named in the section of its folder ("### server/") between backticks: `drain.*`, `internal/fd.h`. The folder inside may be left
# out. Names of public headers stand for their .cc as well.
set -euo pipefail
export LC_ALL=C
cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

map=docs/architecture.md
breaches=0
report() {
  echo "$1"
  breaches=$((breaches + 1))
}

for folder in concurrency net http clients handlers server; do
  [ -d "$folder" ] || continue
  mapfile -t names < <(awk -v head="### $folder/" '
    /^#/ { inside = /^### / ? $0 == head : /^####/ ? inside : 0 }
    inside {
      line = $0
      while (match(line, /`[^`]+`/)) {
        name = substr(line, RSTART + 1, RLENGTH - 2)
        line = substr(line, RSTART + RLENGTH)
        sub(/^.*\//, "", name)
        if (name ~ /^[a-z0-9_]+\.(h|cc|\*)$/) print name
      }
    }' "$map" | sort -u)
  mapfile -t files < <(find "$folder" -name '*.h' -o -name '*.cc' | sort)
  declare -A present=() named=()
  for file in "${files[@]}"; do
    grep -q 'this line stays for one release' "$file" && continue
    base=${file##*/}
    present[$base]=1 present[${base%.*}.*]=1
  done
  for name in "${names[@]}"; do
    named[$name]=1
    [ -n "${present[$name]:-}" ] || report "$map: \`$name\` is named for $folder/, and there is no such file"
  done
  for file in "${files[@]}"; do
    grep -q 'this line stays for one release' "$file" && continue
    base=${file##*/} stem=${file##*/} stem=${stem%.*}
    [ -n "${named[$base]:-}${named[$stem.*]:-}" ] && continue
    [ -n "${named[$stem.h]:-}" ] && [ -e "${file%.*}.h" ] && continue
    report "$map: $file is not named in the section ### $folder/"
  done
  unset present named
done

if [ "$breaches" -gt 0 ]; then
  echo "$breaches breaches of the codemap"
  exit 1
fi
echo "the codemap names every file"
