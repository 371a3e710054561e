# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Builds the page of hello by uWebSockets, without TLS and compression and optimized as one program. Sourced by bench/run after build.sh,
# which says what it needs.

build_uwebsockets() {
  local from=${WEFT_UWEBSOCKETS:-} into=$peers_dir/uwebsockets source
  if [ ! -f "$from/uWebSockets/src/App.h" ] || [ ! -f "$from/uSockets/src/libusockets.h" ]; then
    left_out[uws]="WEFT_UWEBSOCKETS names no folder with checkouts of uWebSockets and uSockets"
    return
  fi
  mkdir -p "$into"
  for source in "$from"/uSockets/src/*.c "$from"/uSockets/src/eventing/epoll_kqueue.c; do
    quietly "$into/$(basename "$source").log" \
      cc -O3 -flto -DLIBUS_NO_SSL -I "$from/uSockets/src" -c "$source" -o "$into/$(basename "$source" .c).o" || break
  done
  quietly "$into/build.log" c++ -std=c++20 -O3 -flto=auto -DLIBUS_NO_SSL -DUWS_NO_ZLIB -I "$from/uSockets/src" -I "$from/uWebSockets/src" \
    "$root/bench/peers/uwebsockets/hello.cc" "$into"/*.o -o "$into/hello" || left_out[uws]="it does not build"
}
