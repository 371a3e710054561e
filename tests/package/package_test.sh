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
configure find_package -DCMAKE_PREFIX_PATH="$work/prefix"
"$cmake" --build "$work/find_package"
"$work/find_package/use_concurrency"
"$work/find_package/use_weft"
if [ -e "$work/find_package/use_compress" ]; then "$work/find_package/use_compress"; fi

configure add_subdirectory
configure fetch_content
