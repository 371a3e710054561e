# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The example service compared with the same in Go: notes are read from one file of SQLite, by the same library of the system. Sourced by bench/run,
# which sets: root, weft_dir, peers_dir, scratch, rounds, seconds, connections, go, and what speed.sh and servers.sh need.
#
# It goes as in speed.sh: a round starts both servers anew and measures them in slices that take turns.

# Debian's package of the driver, so that nothing is fetched; needs Go 1.22.
build_service() {
  build_weft "service" service || true
  if [ -z "$go" ]; then
    left_out[goservice]="there is no go on PATH"
  elif ! GOTOOLCHAIN=local GOPROXY=off GOFLAGS='' GO111MODULE=off GOPATH=/usr/share/gocode quietly "$peers_dir/goservice.log" \
    "$go" build -o "$peers_dir/goservice" "$root/bench/peers/goservice/main.go"; then
    left_out[goservice]="go build failed; it needs golang-github-mattn-go-sqlite3-dev and Go 1.22"
  fi
}

service_command() {
  case $1 in
    weft) echo "$weft_dir/examples/service --address 127.0.0.1:0 --debug-address 127.0.0.1:0 --loops 1 --database $scratch/notes.db" ;;
    go) echo "$peers_dir/goservice --address 127.0.0.1:0 --database $scratch/notes.db" ;;
  esac
}

# Some thousand notes, made by the service itself.
make_notes() {
  printf '{"title":"a note of the benchmark","text":"%s"}' "$(head -c 200 /dev/zero | tr '\0' x)" >"$scratch/note.json"
  start_server weft "$(service_command weft)" || return
  "$peers_dir/load" --address "${server_address[weft]}" --json "$scratch/note.json" --path /api/notes --connections 8 --seconds 2 \
    >"$scratch/load.out" 2>"$scratch/load.err" || true
  stop_all
}

# measure_service_round ROUND PATH
measure_service_round() {
  local round=$1 name slice i count slices=$((2 * seconds)) here=()
  local -a load_flags=(--path "$2")
  for name in weft go; do
    [ "$name" = go ] && [ -n "${left_out[goservice]:-}" ] && continue
    if start_server "$name" "$(service_command "$name")"; then here+=("$name"); fi
  done
  count=${#here[@]}
  for ((slice = 0; slice < slices; ++slice)); do
    for ((i = 0; i < count; ++i)); do measure_slice "$round" "${here[$(((i + slice + round - 1) % count))]}"; done
  done
  stop_all
}

measure_service() {
  local kind path round results
  if [ ! -x "$weft_dir/examples/service" ]; then
    printf '\nService: left out, it needs SQLite and Boost.JSON\n'
    return
  fi
  [ -z "${left_out[goservice]:-}" ] || printf '\nleft out: goservice, %s\n' "${left_out[goservice]}"
  make_notes
  for kind in one list; do
    case $kind in
      one) path=/api/notes/7 ;;
      list) path='/api/notes?limit=20' ;;
    esac
    results=$peers_dir/service-$kind.txt
    : >"$results"
    printf '\nThe example service, GET %s from SQLite; goal for weft: at most 0.67 of Go\n\n' "$path"
    for ((round = 1; round <= rounds; ++round)); do measure_service_round "$round" "$path" >>"$results"; done
    awk -v order="weft go" -v bases=go -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results"
  done
}
