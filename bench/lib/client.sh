# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The client, compared with a bare epoll loop, Go's and libcurl's; and the proxy, with nginx and Go's ReverseProxy. All ask the same server
# (bench/bodies), which has the other core. Sourced by bench/run, which sets what tls.sh needs.
#
# Clients count their own CPU time, after a warm-up, and take turns in slices of half a second, as servers do in speed.sh.

client_command() {
  case $1 in
    floor) echo "$peers_dir/floor_client" ;;
    weft) echo "$weft_dir/bench/weft_client" ;;
    weft_http2) echo "$weft_dir/bench/weft_client --http2 yes" ;;
    go_http2) echo "$peers_dir/goclient -http2 yes" ;;
    curl) echo "$peers_dir/curl_client" ;;
    go) echo "$peers_dir/goclient" ;;
  esac
}

# measure_client ROUND NAME: prints "ROUND NAME requests cpu_us ..." as measure_slice does; without what only servers have.
measure_client() {
  local command
  command=$(client_command "$2")
  [ -x "${command%% *}" ] || return 0
  if ! taskset -c "$server_core" $command --port "${server_address[bodies]##*:}" --connections "$connections" --seconds 0.5 \
    >"$scratch/client.out" 2>"$scratch/client.err"; then
    echo "  client $2, round $1: a slice does not count: $(tail -n 1 "$scratch/client.err")" >&2
    return
  fi
  tr '=' ' ' <"$scratch/client.out" | awk -v round="$1" -v name="$2" '{ print round, name, $2, $4 / $2, $2 / 0.5, 0, 0, 0 }'
}

measure_clients() {
  local round slice i results=$peers_dir/clients.txt names=(floor weft curl go)
  printf '\nClients, GET of 1 KiB on kept connections; goals for weft: at most 1.3 of the floor, 0.8 of libcurl, 0.40 of Go\n\n'
  for ((round = 1; round <= rounds; ++round)); do
    server_core=$load_core start_server bodies "$weft_dir/bench/bodies --address 127.0.0.1:0" || return
    for ((slice = 0; slice < 2 * seconds; ++slice)); do
      for ((i = 0; i < 4; ++i)); do measure_client "$round" "${names[$(((i + slice + round) % 4))]}"; done
    done
    stop_all
  done >"$results"
  awk -v order="floor weft curl go" -v bases="floor curl go" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results" |
    cut -c 1-94
}

# All 32 fibers share a connection, and so do Go's goroutines.
measure_http2_clients() {
  local round slice results=$peers_dir/clients_http2.txt
  printf '\nClients over HTTP/2 and TLS 1.3, GET of 1 KiB by 32 streams of one connection\n\n'
  for ((round = 1; round <= rounds; ++round)); do
    server_core=$load_core start_server bodies "$weft_dir/bench/bodies --address 127.0.0.1:0 --tls-cert $tls_certificate.pem --tls-key $tls_certificate.key" || return
    for ((slice = 0; slice < 2 * seconds; ++slice)); do
      measure_client "$round" weft_http2
      measure_client "$round" go_http2
    done
    stop_all
  done >"$results"
  awk -v order="weft_http2 go_http2" -v bases="go_http2" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results" | cut -c 1-94
}

start_nginx_proxy() {
  local dir port
  dir=$(mktemp -d "$scratch/server.XXXXXX")
  port=$("$peers_dir/load" --free-port)
  sed -e "s|@PORT@|$port|" -e "s|@DIR@|$dir|" -e "s|@UPSTREAM@|${server_address[bodies]}|" "$root/bench/peers/nginx_proxy.conf.in" >"$dir/conf"
  if [ "$(id -u)" -eq 0 ]; then sed -i '1i user root;' "$dir/conf"; fi
  echo "listening on http://127.0.0.1:$port"
  exec nginx -p "$dir" -c "$dir/conf"
}

proxy_command() {
  case $1 in
    weft) echo "$weft_dir/bench/proxy --upstream http://${server_address[bodies]}" ;;
    nginx) echo start_nginx_proxy ;;
    go) echo "$peers_dir/goclient -proxy http://${server_address[bodies]}" ;;
  esac
}

# measure_proxy_round ROUND PATH
measure_proxy_round() {
  local round=$1 name slice i count here=()
  local -a load_flags=(--path "$2")
  [ "$2" = /1m ] && load_flags+=(--connections 4)
  [ "$2" = /100m ] && load_flags+=(--connections 2)
  server_core=$load_core start_server bodies "$weft_dir/bench/bodies --address 127.0.0.1:0" || return
  for name in weft nginx go; do
    if start_server "$name" "$(proxy_command "$name")"; then here+=("$name"); fi
  done
  count=${#here[@]}
  for ((slice = 0; slice < 2 * seconds; ++slice)); do
    for ((i = 0; i < count; ++i)); do measure_slice "$round" "${here[$(((i + slice + round - 1) % count))]}"; done
  done
  stop_all
}

measure_proxies() {
  local path round results
  for path in /1k /1m /100m; do
    results=$peers_dir/proxies${path#/}.txt
    printf '\nProxies, GET of %s; goals for weft: at most 1.0 of nginx and, for 1 KiB, 0.5 of Go\n\n' "${path#/}"
    for ((round = 1; round <= rounds; ++round)); do measure_proxy_round "$round" "$path"; done >"$results"
    awk -v order="weft nginx go" -v bases="nginx go" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results"
  done
}

measure_kept_connections() {
  server_core=$load_core start_server bodies "$weft_dir/bench/bodies --address 127.0.0.1:0" || return 0
  printf '\nA kept connection of the client; goal: at most 512 bytes: %s\n' \
    "$("$weft_dir/bench/weft_client" --port "${server_address[bodies]##*:}" --hold 4000 2>&1)"
  stop_all
}

# What a program that asks others pays for its header.
measure_client_header() {
  local round
  find_compile_command || return 0
  echo '#include <weft/clients/http/http_client.h>' >"$scratch/client_header.cc"
  printf '#include <%s>\n' string functional memory vector chrono >"$scratch/five_headers.cc"
  for ((round = 1; round <= rounds; ++round)); do
    echo "$(compile_seconds "$scratch/client_header.cc") $(compile_seconds "$scratch/five_headers.cc")"
  done | awk -f "$root/bench/lib/median.awk" -f <(cat <<'AWK'
    $1 > 0 && $2 > 0 { ++n; ratio[n] = $1 / $2 }
    END { if (n) printf "\nCompile time of http_client.h: %.2f of five standard headers (%.2f to %.2f); goal: at most 1.3\n", Median(ratio, n), Least(ratio, n), Most(ratio, n) }
AWK
  )
}

measure_client_part() {
  measure_clients
  make_tls_files
  measure_http2_clients
  measure_proxies
  measure_kept_connections
  measure_client_header
}
