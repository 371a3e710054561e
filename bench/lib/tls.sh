# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Bodies from memory over TLS 1.3, compared with nginx, Go and h2o: one worker each, the same key (ECDSA P-256), cipher
# (TLS_AES_128_GCM_SHA256), group (X25519) and ALPN. Sourced by bench/run, which sets: root, weft_dir, peers_dir, scratch,
# rounds, seconds, and what speed.sh and servers.sh need.
#
# It goes as in speed.sh: a round starts the servers anew and measures them in slices that take turns.

tls_certificate=
tls_bodies=

make_tls_files() {
  tls_bodies=$scratch/bodies
  mkdir -p "$tls_bodies"
  head -c 1024 /dev/zero | tr '\0' x >"$tls_bodies/1k"
  head -c $((1 << 20)) /dev/zero | tr '\0' x >"$tls_bodies/1m"
  tls_certificate=$scratch/tls
  make_certificate -newkey ec -pkeyopt ec_paramgen_curve:P-256
}

# make_certificate OPTION...: of the kind of key that they say, signed by itself.
make_certificate() {
  openssl req -x509 "$@" -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$tls_certificate.key" -out "$tls_certificate.pem" 2>/dev/null
}

# start_from_template TEMPLATE [CHANGE]: fills in a configuration, changes it by sed, says where it listens, and runs the program on it.
start_from_template() {
  local template=$1 dir port
  dir=$(mktemp -d "$scratch/server.XXXXXX")
  port=$("$peers_dir/load" --free-port)
  sed -e "s|@PORT@|$port|" -e "s|@DIR@|$dir|" -e "s|@CERTIFICATE@|$tls_certificate.pem|" -e "s|@KEY@|$tls_certificate.key|" \
    -e "s|@BODIES@|$tls_bodies|" -e "s|@KIBIBYTE@|$(cat "$tls_bodies/1k")|" -e "${2:-}" "$root/bench/peers/$template" >"$dir/conf"
  if [ "$(id -u)" -eq 0 ] && [[ $template == nginx* ]]; then sed -i '1i user root;' "$dir/conf"; fi
  if [ "$(id -u)" -eq 0 ] && [[ $template == h2o* ]]; then echo "user: root" >>"$dir/conf"; fi
  echo "listening on http://127.0.0.1:$port"
  case $template in
    nginx*) exec nginx -p "$dir" -c "$dir/conf" ;;
    h2o*) exec h2o -c "$dir/conf" ;;
  esac
}
start_nginx_tls() { start_from_template nginx_tls.conf.in; }
start_h2o() { start_from_template h2o.conf.in; }

tls_command() {
  local files="--tls-cert $tls_certificate.pem --tls-key $tls_certificate.key"
  case $1 in
    floor) echo "$peers_dir/tls_floor --address 127.0.0.1:0 $files" ;;
    weft) echo "$weft_dir/bench/bodies --address 127.0.0.1:0 $files" ;;
    go) echo "$peers_dir/gohttp --address 127.0.0.1:0 --procs 1 --bodies $files" ;;
    nginx) echo start_nginx_tls ;;
    h2o) echo start_h2o ;;
  esac
}

tls_servers() {
  local name
  for name in weft nginx h2o go; do
    wanted "$name" || continue
    if [ "$name" = h2o ] && ! command -v h2o >/dev/null; then continue; fi
    echo "$name"
  done
}

# Which of them have this body, for tables: the floor has one only.
tls_order() {
  if [ "$1" = /1k ] && wanted floor; then echo floor; fi
  tls_servers
}

# measure_tls_round ROUND PATH
measure_tls_round() {
  local round=$1 path=$2 name slice i count slices=$((2 * seconds)) here=()
  local -a load_flags=(--tls --path "$path")
  [ "$path" = /1m ] && load_flags+=(--connections 4)
  for name in $(tls_order "$path"); do
    if start_server "$name" "$(tls_command "$name")"; then here+=("$name"); fi
  done
  count=${#here[@]}
  for ((slice = 0; slice < slices; ++slice)); do
    for ((i = 0; i < count; ++i)); do measure_slice "$round" "${here[$(((i + slice + round - 1) % count))]}"; done
  done
  stop_all
}

# Latencies are measured at real-time priorities where the machine allows it, so that nothing else on it counts: first the kept client, then the
# server, last those who do handshakes. The kernel takes 50 ms of each second from a core that is busy with such tasks alone.
real_time=
if command -v chrt >/dev/null && chrt -f 9 true 2>/dev/null; then real_time=1; fi

# measure_paced NAME RATE KIND: what a client feels that asks 200 times a second on its kept connection, while others do so many full
# handshakes a second. Prints the line of a table.
measure_paced() {
  local name=$1 rate=$2 others="" figures
  if [ "$rate" -gt 0 ]; then
    # shellcheck disable=SC2086
    taskset -c "$load_core" ${real_time:+chrt -f 3} "$peers_dir/load" --address "${server_address[$name]}" --handshakes "$rate" --path /1k \
      --seconds "$((seconds + 2))" --pid "$(processes_of "$name")" >"$scratch/handshakes.out" 2>&1 &
    others=$!
  fi
  # shellcheck disable=SC2086
  figures=$(taskset -c "$load_core" ${real_time:+chrt -f 9} "$peers_dir/load" --address "${server_address[$name]}" --paced 200 --tls --path /1k \
    --seconds "$seconds" --warmup 1)
  if [ -n "$others" ]; then
    wait "$others" || true
    figures+=" $(sed 's/^/h_/; s/ / h_/g' "$scratch/handshakes.out")"
  fi
  tr ' =' '\n ' <<<"$figures" | awk -v name="$name" -v kind="$3" -v rate="$rate" '
    { v[$1] = $2 }
    END {
      printf "%-10s %9s %9s %9.2f %9.2f %9.2f", name, kind, rate, v["p50_us"] / 1000, v["p99_us"] / 1000, v["max_us"] / 1000
      if (rate > 0) printf " %9s %9s %9s %9s %9.2f", v["h_handshakes"], v["h_failed"], v["h_together"], v["h_cpu_us"], v["h_p99_us"] / 1000
      print ""
    }'
}

measure_handshakes() {
  local rate kind name process
  printf '%-10s %9s %9s %9s %9s %9s %9s %9s %9s %9s %9s\n' server key "a second" "p50 ms" "p99 ms" "max ms" done failed together "cpu us" "p99 ms"
  for kind in P-256 RSA-2048; do
    if [ "$kind" = RSA-2048 ]; then make_certificate -newkey rsa:2048; fi
    for name in $(tls_servers); do
      start_server "$name" "$(tls_command "$name")" || continue
      for process in $(processes_of "$name" | tr , ' '); do
        if [ -n "$real_time" ]; then chrt -a -f -p 6 "$process"; fi
      done
      for rate in 0 200 1000; do measure_paced "$name" "$rate" "$kind"; done
      stop_server "$name"
    done
  done
}

measure_idle_tls() {
  local name
  for name in $(tls_servers); do
    hold "$name" "$(tls_command "$name")" --idle 1000,2000 --tls --path /1k
    printf '%-12s %12s\n' "$name" "${held[0]}"
  done
}

measure_tls() {
  local path round results
  make_tls_files
  for path in /1k /1m; do
    operation_wanted "${path#/}" || continue
    results=$peers_dir/tls${path#/}.txt
    : >"$results"
    case $path in
      /1k) printf '\nTLS 1.3, GET of 1 KiB; goals for weft: at most 0.65 of nginx and 0.42 of Go\n\n' ;;
      /1m) printf '\nTLS 1.3, GET of 1 MiB, 4 connections; goal for weft: at most 0.75 of nginx\n\n' ;;
    esac
    for ((round = 1; round <= rounds; ++round)); do measure_tls_round "$round" "$path" >>"$results"; done
    awk -v order="$(tls_order "$path" | tr '\n' ' ')" -v bases="$(tls_order "$path" | grep -v weft | tr '\n' ' ')" \
      -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results"
  done
  if operation_wanted idle; then
    printf '\nResident bytes of an idle connection, 1,000 to 2,000 of them; goal for weft: at most 14,800\n\n'
    measure_idle_tls
  fi
  operation_wanted handshakes || return 0
  printf '\nLatency of a kept client with 200 requests a second during full handshakes, and (from "done" on) what those cost. Goals for weft:\n'
  printf 'p99 at most 1 ms more at 200 a second (2 ms with RSA), and at most 20 ms at 1,000\n\n'
  measure_handshakes
}
