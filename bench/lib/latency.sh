# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Latency at a held rate (an open loop: requests are due whether or not earlier ones have had their responses), compared with Go, nginx in front
# of Go, and axum. Sourced by bench/run, which sets what client.sh needs.
#
# A round starts one server after another, finds out what it can do with this mix, and then holds shares of that.

latency_names=(weft go nginx axum)
latency_connections=1000
latency_loads=(50 70 90)

build_axum() {
  if ! command -v cargo >/dev/null; then
    left_out[axum]="there is no cargo on PATH"
    return
  fi
  mkdir -p "$peers_dir/axum"
  cp -r "$root/bench/peers/axum/." "$peers_dir/axum"  # cargo writes next to the sources
  quietly "$peers_dir/axum.log" cargo build --release --manifest-path "$peers_dir/axum/Cargo.toml" || left_out[axum]="cargo build failed"
}

# nginx is the front of the Go server, on the same core.
start_latency_server() {
  case $1 in
    weft) start_server weft "$weft_dir/bench/echo --address 127.0.0.1:0" ;;
    go) start_server go "$peers_dir/gohttp --address 127.0.0.1:0" ;;
    nginx) start_server bodies "$peers_dir/gohttp --address 127.0.0.1:0" && start_server nginx start_nginx_proxy ;;
    axum) start_server axum "$peers_dir/axum/target/release/axum_peer --address 127.0.0.1:0" ;;
  esac
}

# open_loop NAME RATE SECONDS FLAG...: prints the load's line as words, or fails.
open_loop() {
  local name=$1 rate=$2 seconds=$3
  shift 3
  if ! taskset -c "$load_core" "$peers_dir/load" --address "${server_address[$name]}" --open "$rate" --connections "$latency_connections" \
    --seconds "$seconds" --warmup 0.3 "$@" >"$scratch/open.out" 2>"$scratch/open.err"; then
    echo "  $name at $rate requests a second does not count: $(cat "$scratch/open.out" "$scratch/open.err" | tail -n 1)" >&2
    return 1
  fi
  tr '=' ' ' <"$scratch/open.out"
}

# measure_held ROUND NAME: one in ten waits for 20 ms. Prints "ROUND NAME LOAD RATE P50 P99 P999".
measure_held() {
  local mix=(--other-share 10 --other-path /sleep/20) capacity load rate
  capacity=$(open_loop "$2" 0 1 "${mix[@]}" | awk '{ print int($2) }')
  [ -n "$capacity" ] || return 0
  for load in "${latency_loads[@]}"; do
    rate=$((capacity * load / 100))
    open_loop "$2" "$rate" "$seconds" "${mix[@]}" | awk -v key="$1 $2 $load $rate" '{ print key, $10, $12, $14 }'
  done
}

# measure_computing ROUND NAME: one in a hundred computes for 5 ms, which takes half of the core at 100 of them a second.
measure_computing() {
  local path
  for path in compute offload; do
    open_loop "$2" 10000 "$seconds" --other-share 1 --other-path "/$path/5" | awk -v key="$1 $2 $path 10000" '{ print key, $10, $12, $14 }'
  done
}

# each_latency_server WHAT: WHAT is measure_held or measure_computing, for each server in each round.
each_latency_server() {
  local round i name
  for ((round = 1; round <= rounds; ++round)); do
    for ((i = 0; i < ${#latency_names[@]}; ++i)); do
      name=${latency_names[$(((i + round - 1) % ${#latency_names[@]}))]}
      [ -z "${left_out[$name]:-}" ] || continue
      if start_latency_server "$name"; then "$1" "$round" "$name"; fi
      stop_all
    done
  done
}

measure_latency() {
  build_axum
  local name results=$peers_dir/latency.txt
  for name in "${latency_names[@]}"; do [ -z "${left_out[$name]:-}" ] || echo "left out: $name, ${left_out[$name]}"; done
  printf '\nLatency at a held rate, %s connections: nine in ten at once, one in ten waits for 20 ms. Load: percent of what the server can do.\n' \
    "$latency_connections"
  printf 'us of the quick ones, from the moment at which they were due; medians of the rounds, of p99.9 the range too\n\n'
  each_latency_server measure_held >"$results"
  awk -v order="${latency_names[*]}" -v kinds="${latency_loads[*]}" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/latency.awk" "$results"
  printf '\nThe same at 10,000 requests a second, one in a hundred of which computes for 5 ms: in the handler, and outside it\n'
  printf '(Offload, spawn_blocking; the same in Go)\n\n'
  each_latency_server measure_computing >"$results"
  awk -v order="${latency_names[*]}" -v kinds="compute offload" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/latency.awk" "$results"
}
