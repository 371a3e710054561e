# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Long-lived connections: WebSockets compared with Go and Beast, streams of events, clients that do not read, and a service of Beast's that has
# moved. Sourced by bench/run, which sets: root, weft_dir, peers_dir, scratch, load_core, rounds, seconds.

build_live() {
  build_weft "live servers" chat weft_bench_events beast_service || left_out[live]="its release build failed"
  if [ -z "$go" ]; then
    left_out[gows]="there is no go on PATH"
  elif ! (cd "$root/bench/peers/gows" && GOTOOLCHAIN=local GOFLAGS='' quietly "$peers_dir/gows.log" "$go" build -o "$peers_dir/gows" .); then
    left_out[gows]="go build failed (it needs github.com/coder/websocket)"
  fi
}

# live_load NAME COMMAND MODE FLAG...: starts the server, plays the load and prints its line, or nothing.
live_load() {
  local name=$1 command=$2
  shift 2
  start_server "$name" "$command" || return 0
  taskset -c "$load_core" "$peers_dir/live" "$@" --address "${server_address[$name]}" --pid "${server_pid[$name]}" 2>"$scratch/live.err" ||
    echo "  $name: $(tail -n 1 "$scratch/live.err")" >&2
  stop_server "$name"
}

# value_of NAME LINE
value_of() { sed -nE "s/.*(^| )$1=([^ ]*).*/\2/p" <<<"$2"; }

median_of() { sort -g | awk '{ all[NR] = $1 } END { if (NR > 0) print all[int((NR + 1) / 2)]; else print "-" }'; }

live_peers() {
  local any=127.0.0.1:0
  live_names=(weft beast_async)
  live_command[weft]="$weft_dir/examples/chat --address $any --loops 1"
  live_command[beast_async]="$peers_dir/beast_ws_async --address $any"
  if [ -n "${left_out[gows]:-}" ]; then
    echo "left out: go, ${left_out[gows]}"
  else
    live_names+=(go)
    live_command[go]="$peers_dir/gows --address $any"
  fi
}

measure_echo() {
  local round name line
  for ((round = 0; round < rounds; ++round)); do
    for name in "${live_names[@]}"; do
      line=$(live_load "$name" "${live_command[$name]}" echo --connections 64 --bytes 128 --seconds "$seconds")
      value_of cpu_us "$line" >>"$scratch/echo.$name"
    done
  done
  printf '\n%-14s %18s %14s %22s\n' "WebSocket" "CPU, us a message" "weft's ratio" "bytes an idle one"
  local weft each
  weft=$(median_of <"$scratch/echo.weft")
  for name in "${live_names[@]}"; do
    each=$(median_of <"$scratch/echo.$name")
    line=$(live_load "$name" "${live_command[$name]}" hold --connections 5000 --bytes 128)
    printf '%-14s %18s %14s %22s\n' "$name" "$each" "$(awk -v w="$weft" -v e="$each" 'BEGIN { printf "%.2f", (e > 0 ? w / e : 0) }')" "$(value_of bytes_each "$line")"
  done
}

# The service of Beast's before and after it has moved, under the load of the other parts: a POST of 64 bytes.
measure_moved() {
  local round name
  local -A command=([before]="$peers_dir/beast_service_async --address 127.0.0.1:0" [after]="$weft_dir/examples/beast_service --address 127.0.0.1:0 --loops 1")
  for ((round = 0; round < rounds; ++round)); do
    for name in before after; do
      start_server "$name" "${command[$name]}" || return 0
      taskset -c "$load_core" "$peers_dir/load" --address "${server_address[$name]}" --pid "${server_pid[$name]}" --connections 32 --seconds "$seconds" \
        --path /orders --body 64 >"$scratch/moved.out" 2>&1 || true
      stop_server "$name"
      sed -nE 's/.* cpu_us=([0-9.]+).*/\1/p' "$scratch/moved.out" >>"$scratch/moved.$name"
    done
  done
  printf '\nA service of Beast, CPU in us a request: before %s, after it has moved %s\n' "$(median_of <"$scratch/moved.before")" "$(median_of <"$scratch/moved.after")"
}

measure_live() {
  local -A live_command=()
  local live_names=()
  if [ -n "${left_out[live]:-}" ]; then echo "left out: live, ${left_out[live]}"; return 0; fi
  live_peers
  measure_echo
  echo
  echo "Events to 10,000 clients: $(live_load events "$weft_dir/bench/events --address 127.0.0.1:0" events --path /ticks --connections 10000 --seconds 5)"
  echo "WebSockets that stop reading: $(live_load silent "$weft_dir/examples/chat --address 127.0.0.1:0 --loops 1" silent --connections 1000 --bytes 16000 --seconds 60)"
  measure_moved
}
