#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Uses weft as its users do: installed and found with find_package (built and run), and as a folder of the project by
# add_subdirectory and by FetchContent (configured: the targets are there, and weft's own tests are not).
#
#   package_test.sh CMAKE SOURCE_DIR BUILD_DIR
set -euo pipefail

cmake=$1 source_dir=$2 build_dir=$3
consumer="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

configure() {
  local way=$1
  shift
  echo "--- $way"
  "$cmake" -S "$consumer" -B "$work/$way" -G Ninja -DWEFT_WAY="$way" -DWEFT_SOURCE_DIR="$source_dir" "$@"
}

"$cmake" --install "$build_dir" --prefix "$work/prefix" >/dev/null

# Which versions a project may ask for: before 1.0 another minor one may have broken it, and so has a newer patch what an older one lacks.
part() { sed -nE "s/^#define WEFT_VERSION_$1 ([0-9]+)$/\\1/p" "$work/prefix/include/weft/version.h"; }
major=$(part MAJOR) minor=$(part MINOR) patch=$(part PATCH)
version_file=$(find "$work/prefix" -name weftConfigVersion.cmake)
# found VERSION: whether find_package(weft VERSION) takes what is installed.
found() {
  printf 'set(PACKAGE_FIND_VERSION %s)\nstring(REPLACE . ";" parts %s)\nlist(GET parts 0 PACKAGE_FIND_VERSION_MAJOR)\nlist(GET parts 1 PACKAGE_FIND_VERSION_MINOR)
include("%s")\nif(NOT PACKAGE_VERSION_COMPATIBLE)\n  message(FATAL_ERROR no)\nendif()\n' "$1" "$1" "$version_file" >"$work/found.cmake"
  "$cmake" -P "$work/found.cmake" 2>/dev/null
}
for wanted in "$major.$minor" "$major.$minor.$patch"; do
  found "$wanted" || { echo "version $major.$minor.$patch does not do for $wanted"; exit 1; }
done
for wanted in "$major.$((minor + 1))" "$((major + 1)).0" "$major.$minor.$((patch + 1))"; do
  if found "$wanted"; then echo "version $major.$minor.$patch does for $wanted"; exit 1; fi
done

configure find_package -DCMAKE_PREFIX_PATH="$work/prefix" -DWEFT_WANTED="$major.$minor"
"$cmake" --build "$work/find_package"
"$work/find_package/use_concurrency"
"$work/find_package/use_weft"
if [ -e "$work/find_package/use_compress" ]; then "$work/find_package/use_compress"; fi

configure add_subdirectory
configure fetch_content
