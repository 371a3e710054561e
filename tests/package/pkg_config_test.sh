#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles and links programs against an installed weft with what pkg-config says, as a project without CMake does, and runs those that
# end by themselves. Ends with 77 (skipped) without pkg-config.
#
#   pkg_config_test.sh CMAKE BUILD_DIR COMPILER
set -euo pipefail

cmake=$1 build_dir=$2 cxx=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
api=$here/../api
if ! command -v pkg-config >/dev/null; then
  echo "pkg-config is not installed (scripts/setup tools)"
  [ "${WEFT_NEED_PROGRAMS:-}" = 1 ] && exit 1
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build_dir" --prefix "$work/prefix" >/dev/null
first=$(find "$work/prefix" -name weft-concurrency.pc)
[ -n "$first" ] || { echo "weft-concurrency.pc is not installed"; exit 1; }
export PKG_CONFIG_PATH=${first%/*}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$(pkg-config --variable=libdir weft-concurrency)
export LD_LIBRARY_PATH

pkg-config --validate weft
version=$(sed -nE 's/^#define WEFT_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' "$(pkg-config --variable=includedir weft)/weft/version.h" | paste -s -d .)
[ "$(pkg-config --modversion weft)" = "$version" ] || { echo "weft.pc is not of version $version"; exit 1; }

# compile NAME PACKAGES SOURCE [OPTION...]
compile() {
  local name=$1 packages=$2 source=$3
  shift 3
  echo "--- $name: pkg-config $* --cflags --libs $packages"
  # shellcheck disable=SC2046,SC2086
  "$cxx" -std=c++20 "$source" -o "$work/$name" $(pkg-config "$@" --cflags --libs $packages)
}
compile use_concurrency weft-concurrency "$here/use_concurrency.cc"
"$work/use_concurrency"
compile use_weft weft "$here/use_weft.cc"
"$work/use_weft"
compile use_weft_static weft "$here/use_weft.cc" --static
"$work/use_weft_static"
compile readme weft "$api/readme_main.cc"
compile own_middleware weft-testing "$api/own_middleware_run.cc"
"$work/own_middleware"
# Those that this weft was built with.
if [ -n "$(find "$work/prefix" -name 'libweft_json.*')" ]; then
  compile json "weft-json weft-testing" "$api/handlers_json_run.cc"
  "$work/json"
fi
if [ -n "$(find "$work/prefix" -name 'libweft_compress.*')" ]; then
  compile compress "weft-compress weft-testing" "$here/use_compress.cc"
  "$work/compress"
fi
if [ -n "$(find "$work/prefix" -name 'libweft_postgres.*')" ]; then compile postgres weft-postgres "$api/postgres_main.cc"; fi
echo "programs without CMake are built and run"
