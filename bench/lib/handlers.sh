# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Ready-made handlers: routes and middleware without a server, JSON and files with one. Sourced by bench/run, which sets: root,
# weft_dir, peers_dir, scratch, rounds, seconds, connections, micro_handlers, load_flags, and what speed.sh, servers.sh and concurrency.sh
# need.
#
# What asks a server is measured as in speed.sh: a round starts all servers and takes all kinds of slices in turn.

# As in concurrency.sh; a goal in nanoseconds is weft's alone.
handlers_rows() {
  cat <<'TEXT'
mux-10            0.5    one of 10 routes
mux-100           0.5    one of 100 routes
mux-1000          0.5    one of 1,000 routes
exchange          -      a request and its response
chain-8           500ns  the same inside eight middlewares
request-id        -      inside RequestId
access-log        -      inside AccessLog, without the log
security-headers  -      inside SecurityHeaders
rate-limit        -      inside RateLimit
timeout           -      inside Timeout
TEXT
}

# Kind of slice, server, path, what the load is told beside. Of "cold" the files are asked for beside a small response, which alone is
# measured: by nobody, from the page cache, from the disk.
handlers_slices() {
  cat <<TEXT
echo weft /echo --json $root/bench/servers/order.json
echo go /echo --json $root/bench/servers/order.json
json weft /json --json $root/bench/servers/order.json
json go /json --json $root/bench/servers/order.json
file-10k weft /files/10k.txt
file-10k nginx /files/10k.txt
file-10k go /files/10k.txt
file-64k weft /files/64k.txt
file-64k nginx /files/64k.txt
file-64k go /files/64k.txt
cold alone /
cold warm / --beside $scratch/files/beside
cold cold / --beside $scratch/files/beside --evict
TEXT
}

# Random, since some disks keep no zeros. Written out, because the kernel drops only what the disk has.
make_handlers_files() {
  local i
  mkdir -p "$scratch/files/beside"
  head -c 10240 /dev/urandom >"$scratch/files/10k.txt"
  head -c 65536 /dev/urandom >"$scratch/files/64k.txt"
  for ((i = 0; i < 64; ++i)); do head -c $((16384 * (1 + i % 8))) /dev/urandom >"$scratch/files/beside/$i"; done
  sync -f "$scratch/files"
  if [ "$(stat -f -c %T "$scratch/files")" = tmpfs ]; then echo "$scratch is in memory: no file of it is ever cold (TMPDIR says where else)"; fi
}

# measure_kind ROUND KIND SERVER PATH FLAGS...: prints "ROUND KIND:SERVER requests cpu_us rps p50_us p99_us busy". Its variables are global for
# measure_slice.
measure_kind() {
  local round=$1 kind=$2 server=$3 name
  local -a load_flags=(--path "$4" "${@:5}")
  name=$server
  if [ "$kind" = cold ]; then name=weft; fi
  [ -n "${server_pid[$name]:-}" ] || return 0
  measure_slice "$round" "$name" | awk -v name="$kind:$server" '{ $2 = name; print }'
  if [ "${#load_flags[@]}" -gt 2 ] && [ "${load_flags[2]}" = --beside ]; then
    sed -n "s/^beside=/$round $server /p" "$scratch/load.out" | tr '=' ' ' >>"$scratch/beside.txt"
  fi
}

measure_handlers_round() {
  local round=$1 slice i count slices=$((2 * seconds)) kind server path flags
  local -a lines=()
  start_server weft "$weft_dir/bench/content --address 127.0.0.1:0 --folder $scratch/files" || true
  if wanted nginx && [ -z "${left_out[nginx]:-}" ]; then start_server nginx start_nginx || true; fi
  if wanted go && [ -z "${left_out[go]:-}" ]; then start_server go "$peers_dir/gohttp --address 127.0.0.1:0 --files $scratch/files" || true; fi
  mapfile -t lines < <(handlers_slices)
  count=${#lines[@]}
  for ((slice = 0; slice < slices; ++slice)); do
    for ((i = 0; i < count; ++i)); do
      read -r kind server path flags <<<"${lines[$(((i + slice + round - 1) % count))]}"
      # shellcheck disable=SC2086  # the flags are words
      measure_kind "$round" "$kind" "$server" "$path" $flags
    done
  done
  stop_all
}

# print_handlers_table KIND ORDER BASES TITLE: of those slices, as in speed.sh.
print_handlers_table() {
  printf '\n%s\n\n' "$4"
  grep "^[0-9]* $1:" "$peers_dir/handlers-slices.txt" | sed "s/ $1:/ /" >"$scratch/kind.txt" || true
  awk -v order="$2" -v bases="$3" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$scratch/kind.txt"
}

measure_handlers() {
  local round micro=$micro_handlers results=$peers_dir/handlers-slices.txt
  echo
  if [ ! -x "$micro_handlers" ] || [ ! -x "$weft_dir/bench/content" ]; then
    echo "Handlers: left out, their release build failed or there is no Boost.JSON"
    return
  fi
  echo "Handlers without a server: $rounds rounds of $slice_pairs slices of $slice_ms ms for each operation, on core $server_core"
  measure_rows handlers_rows "$peers_dir/handlers.txt"

  make_handlers_files
  printf '\nHandlers in a server: %s rounds of %s s for each kind of request\n' "$rounds" "$seconds"
  : >"$results"
  : >"$scratch/beside.txt"
  for ((round = 1; round <= rounds; ++round)); do measure_handlers_round "$round" >>"$results"; done
  print_handlers_table echo "weft go" go "POST of 1 KiB of JSON, its bytes read whole and echoed"
  print_handlers_table json "weft go" go "POST of the same, read into structs and written from them"
  printf '\nWhat JSON costs, which is the one less the other; goal for weft: at most 0.5 of Go, better 0.35\n'
  awk -v kinds="echo json" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/difference.awk" "$results"
  print_handlers_table file-10k "weft nginx go" "nginx go" "GET of a file of 10 KiB in the page cache; goal for weft: at most 1.0 times nginx's CPU"
  print_handlers_table file-64k "weft nginx go" "nginx go" "GET of a file of 64 KiB in the page cache"
  print_handlers_table cold "alone warm cold" alone "weft, a small response: alone, and while files are asked for that are in memory, or on the disk; goal: the same p99"
  awk -f "$root/bench/lib/median.awk" -f "$root/bench/lib/beside.awk" "$scratch/beside.txt"
}
