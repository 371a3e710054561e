# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Builds what is measured. What cannot be built is left out, with the reason in the log and in one line. Sourced by
# bench/run, which sets: root, weft_dir, peers_dir.

# quietly LOG COMMAND...: runs the command and shows the end of its output only when it fails.
quietly() {
  local log=$1
  shift
  if "$@" >"$log" 2>&1; then return 0; fi
  tail -n 15 "$log" | sed 's/^/  | /' >&2
  return 1
}

# Packages that are missing are installed by scripts/setup, which says what it does; without them less is measured.
install_missing() {
  local sets=()
  if [ -z "$go" ] || { measures_servers && ! command -v nginx >/dev/null; }; then sets=(bench); fi
  "$root/scripts/setup" ${sets[@]+"${sets[@]}"} || echo "bench/run: going on with what is here" >&2
  find_go
}

# Sets go to the go command, or to nothing.
find_go() {
  go=$(PATH=$PATH:/usr/local/go/bin command -v go || true)
}

build_peers() {
  echo "building the load generator and the peers in $peers_dir"
  quietly "$peers_dir/configure.log" cmake -S "$root/bench" -B "$peers_dir" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DWEFT_UWEBSOCKETS="${WEFT_UWEBSOCKETS:-}"
  quietly "$peers_dir/build.log" cmake --build "$peers_dir"
  if [ -z "${WEFT_UWEBSOCKETS:-}" ]; then left_out[uws]="WEFT_UWEBSOCKETS names no folder with checkouts of uWebSockets and uSockets"; fi
  [ -x "$peers_dir/beast_async" ] || left_out[beast]="Boost is missing"
  if [ -z "$go" ]; then
    left_out[go]="there is no go on PATH"
  elif ! GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' quietly "$peers_dir/go.log" \
    "$go" build -o "$peers_dir/gohttp" "$root/bench/peers/gohttp/main.go"; then
    left_out[go]="go build failed"
  fi
  if [ -n "$go" ]; then
    GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' quietly "$peers_dir/goclient.log" \
      "$go" build -o "$peers_dir/goclient" "$root/bench/peers/goclient/main.go" || true
  fi
  command -v nginx >/dev/null || left_out[nginx]="nginx is missing"
}

# build_weft WHAT TARGET...
build_weft() {
  mkdir -p "$weft_dir"
  echo "building weft's $1 in $weft_dir"
  quietly "$weft_dir/bench-configure.log" cmake -S "$root" -B "$weft_dir" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWEFT_LTO=ON &&
    quietly "$weft_dir/bench-build.log" cmake --build "$weft_dir" --target "${@:2}"
}

build_examples() {
  build_weft examples hello download weft_bench_echo weft_bench_hello_plain || left_out[weft]="its release build failed"
}

# Sets gate to the program that measures it.
build_gate() {
  gate=$weft_dir/tests/http/gate_speed
  build_weft "gate" weft_gate_speed || gate=
}

# What the concurrency part compares: sets micro to weft's program.
build_micro() {
  micro=$weft_dir/bench/micro
  build_weft "concurrency operations" weft_bench_micro || micro=
  build_gomicro
}

# What the handlers part compares: sets micro_handlers to weft's program without a server.
build_handlers() {
  micro_handlers=$weft_dir/bench/micro_handlers
  build_weft "handlers" weft_bench_micro_handlers weft_bench_content || micro_handlers=
  build_gomicro
}

build_gomicro() {
  if ! wanted go; then
    left_out[gomicro]="it was not asked for"
  elif [ -z "$go" ]; then
    left_out[gomicro]="there is no go on PATH"
  elif ! GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' quietly "$peers_dir/gomicro.log" \
    "$go" build -o "$peers_dir/gomicro" "$root"/bench/peers/gomicro/*.go; then
    left_out[gomicro]="go build failed"
  fi
}
