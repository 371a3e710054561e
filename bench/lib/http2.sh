# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# HTTP/2 over TLS 1.3, compared with nginx, Go and h2o, set up as for TLS (tls.sh) and loaded by h2load. Sourced by bench/run after tls.sh and
# memory.sh, which say what it needs.

start_nginx_http2() { start_from_template nginx_tls.conf.in 's/ ssl backlog/ ssl http2 backlog/'; }

http2_command() {
  case $1 in
    go) echo "$(tls_command go) --http2" ;;
    nginx) echo start_nginx_http2 ;;
    *) tls_command "$1" ;;
  esac
}

# cpu_ns PID,PID: of all their threads, by the scheduler's own count.
cpu_ns() { awk '{ sum += $1 } END { printf "%.0f\n", sum }' $(printf '/proc/%s/task/*/schedstat ' ${1//,/ }); }

# measure_http2_slice ROUND NAME PATH REQUESTS CONNECTIONS STREAMS: prints "ROUND NAME requests cpu_us rps".
measure_http2_slice() {
  local before after processes
  processes=$(processes_of "$2")
  before=$(cpu_ns "$processes")
  taskset -c "$load_core" h2load -n "$4" -c "$5" -m "$6" "https://${server_address[$2]}$3" >"$scratch/h2load.out" 2>&1 || true
  after=$(cpu_ns "$processes")
  if ! grep -q " $4 succeeded, 0 failed" "$scratch/h2load.out"; then
    echo "  $2, round $1: a slice does not count: $(grep '^requests:' "$scratch/h2load.out")" >&2
    return
  fi
  sed -nE 's|^finished in [^,]*, ([0-9.]+) req/s.*|\1|p' "$scratch/h2load.out" |
    awk -v round="$1" -v name="$2" -v n="$4" -v ns="$((after - before))" '{ print round, name, n, ns / n / 1000, $1 }'
}

# measure_http2_shape TITLE PATH REQUESTS CONNECTIONS STREAMS
measure_http2_shape() {
  local title=$1 round slice i name count here results
  shift
  results=$peers_dir/http2_${1#/}_$4.txt
  : >"$results"
  printf '\n%s\n\n' "$title"
  for ((round = 1; round <= rounds; ++round)); do
    here=()
    for name in $(tls_servers); do
      if start_server "$name" "$(http2_command "$name")"; then here+=("$name"); fi
    done
    count=${#here[@]}
    for ((slice = 0; slice < 2 * seconds; ++slice)); do
      for ((i = 0; i < count; ++i)); do measure_http2_slice "$round" "${here[$(((i + slice + round - 1) % count))]}" "$@"; done
    done >>"$results"
    stop_all
  done
  awk -v order="weft nginx h2o go" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/http2.awk" "$results"
}

measure_http2() {
  local name exchanges
  if ! command -v h2load >/dev/null; then
    echo "h2load is not installed (nghttp2-client): no HTTP/2" >&2
    return
  fi
  make_tls_files
  measure_http2_shape 'HTTP/2, GET of 1 KiB, 32 streams on 8 connections; goals for weft: CPU at most 0.45 of nginx and 0.12 of Go' /1k 20000 8 32
  measure_http2_shape 'HTTP/2, GET of 1 KiB, one stream at a time on 16 connections; goal: at most 0.8 of nginx' /1k 8000 16 1
  measure_http2_shape 'HTTP/2, GET of 1 MiB on 4 connections; goal: at most 0.75 of nginx' /1m 400 4 1
  printf '\nResident bytes of an idle connection over TLS, 1,000 to 2,000 of them; goal for weft: at most 31,000\n\n'
  printf '%-12s %12s %12s\n' server "1 request" "20 requests"
  for name in $(tls_servers); do
    printf '%-12s' "$name"
    for exchanges in 1 20; do
      hold "$name" "$(http2_command "$name")" --idle 1000,2000 --tls --http2 --path /1k --exchanges "$exchanges"
      printf ' %12s' "${held[0]}"
    done
    printf '\n'
  done
}
