# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Bodies from memory over TLS 1.3, beside nginx, Go and h2o: one worker each, the same key (ECDSA P-256), cipher
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
    weft) echo "$weft_dir/bench/bodies --address 127.0.0.1:0 $files" ;;
    go) echo "$peers_dir/gohttp --address 127.0.0.1:0 --procs 1 --bodies $files" ;;
    nginx) echo start_nginx_tls ;;
    h2o) echo start_h2o ;;
  esac
}

# measure_tls_round ROUND PATH
measure_tls_round() {
  local round=$1 path=$2 name slice i count slices=$((2 * seconds)) here=()
  local -a load_flags=(--tls --path "$path")
  [ "$path" = /1m ] && load_flags+=(--connections 4)
  for name in weft nginx h2o go; do
    wanted "$name" || continue
    if [ "$name" = h2o ] && ! command -v h2o >/dev/null; then continue; fi
    if start_server "$name" "$(tls_command "$name")"; then here+=("$name"); fi
  done
  count=${#here[@]}
  for ((slice = 0; slice < slices; ++slice)); do
    for ((i = 0; i < count; ++i)); do measure_slice "$round" "${here[$(((i + slice + round - 1) % count))]}"; done
  done
  stop_all
}

# What a kept client feels while others do full handshakes at a rate. It runs before the load, so that its own core is no part of it.
measure_handshakes() {
  local rate kind first="" line others
  command -v chrt >/dev/null && chrt -f 10 true 2>/dev/null && first="chrt -f 10"
  for kind in P-256 RSA-2048; do
    if [ "$kind" = RSA-2048 ]; then make_certificate -newkey rsa:2048; fi
    start_server weft "$(tls_command weft)" || return
    for rate in 0 200 1000; do
      others=
      if [ "$rate" -gt 0 ]; then
        taskset -c "$load_core" "$peers_dir/load" --address "${server_address[weft]}" --handshakes "$rate" --path /1k \
          --seconds "$((seconds + 2))" >"$scratch/handshakes.out" &
        others=$!
      fi
      # shellcheck disable=SC2086
      line=$(taskset -c "$load_core" $first "$peers_dir/load" --address "${server_address[weft]}" --tls --connections 1 --path /1k \
        --seconds "$seconds" --warmup 0.5 --pid "$(processes_of weft)")
      if [ -n "$others" ]; then wait "$others" || true; fi
      printf '  %-8s %5s a second: %s; %s\n' "$kind" "$rate" "$(tr ' ' '\n' <<<"$line" | grep -E '^(p50|p99|max)_us' | tr '\n' ' ')" \
        "$([ -z "$others" ] || cat "$scratch/handshakes.out")"
    done
    stop_all
  done
}

measure_tls() {
  local path round results
  make_tls_files
  for path in /1k /1m; do
    results=$peers_dir/tls${path#/}.txt
    : >"$results"
    case $path in
      /1k) printf '\nTLS 1.3, GET of 1 KiB; goals for weft: at most 0.65 of nginx and 0.42 of Go\n\n' ;;
      /1m) printf '\nTLS 1.3, GET of 1 MiB, 4 connections; goal for weft: at most 0.75 of nginx\n\n' ;;
    esac
    for ((round = 1; round <= rounds; ++round)); do measure_tls_round "$round" "$path" >>"$results"; done
    awk -v order="weft nginx h2o go" -v bases="nginx h2o go" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results"
  done
  printf '\nLatency of a kept client beside full handshakes; goals: p99 at most 1 ms more at 200 a second (2 ms with RSA), 20 ms at 1,000\n\n'
  measure_handshakes
}
