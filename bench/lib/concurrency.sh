# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The library's operations compared with Go's. Sourced by bench/run, which sets: root, weft_dir, peers_dir, scratch, rounds, go,
# operations, slice_ms, server_core, load_core; and micro, the program that has them.
#
# Each round starts both programs anew. They stay alive, and measure one slice of an operation for each line on their stdin, in
# turns: the slices that are compared lie within milliseconds of each other.

slice_pairs=5  # of each operation in a round, after one that does not count: the programs calibrate in it

declare -A micro_pid=() micro_in=() micro_out=()  # of the programs that run, by "weft 1", "go 2": who, and on how many cores

# Operation, goal for weft / Go ("-": none), title. The order is that of the table.
concurrency_rows() {
  cat <<'TEXT'
spawn-join        0.5  spawn and join
spawn-join-one    -    spawn and join, one by one
group-of-one      -    same, Go's group with a context
yield             0.4  yield
ping-pong         0.4  unbuffered ping-pong
ping-pong-done    -    same, Go's steps can be canceled
buffered-128      0.6  channel of 128, one item
buffered-128-done -    same, Go's steps can be canceled
select-two        0.6  select over two
select-two-done   -    same, Go's steps can be canceled
mutex             1.0  uncontended mutex
mutex-context     -    same, weft's lock can be canceled
with-cancel       0.6  WithCancel and cancel
with-timeout      0.3  WithTimeout and cancel
cancel-tree-1000  0.4  cancel a tree of 1,000 children
ping-pong-loops   1.0  two loops: unbuffered ping-pong
ping-pong-stay    -    same, Go's two stay on two threads
bare-line         -    two cores: a bare cache line and back
mutex-loops       2.0  two loops: contended mutex
TEXT
}

# start_micro KEY: KEY is a side and a number of cores, as in "go 2".
start_micro() {
  local side=${1% *} cores=${1#* } program=$micro pipe
  local -a confined=(taskset -c "$server_core")
  if [ "$side" = go ]; then program=$peers_dir/gomicro; fi
  if [ "$cores" -eq 2 ]; then confined=(taskset -c "$server_core,$load_core" ${real_time[@]+"${real_time[@]}"}); fi
  pipe=$scratch/micro.$side.$cores
  rm -f "$pipe.in" "$pipe.out"
  mkfifo "$pipe.in" "$pipe.out"
  GOMAXPROCS=$cores "${confined[@]}" "$program" --slice-ms "$slice_ms" --serve <"$pipe.in" >"$pipe.out" 2>"$pipe.err" &
  micro_pid[$1]=$!
  # For reading and writing, so that it does not wait for the program; the other one ends when the program does.
  exec {micro_in["$1"]}<>"$pipe.in" {micro_out["$1"]}<"$pipe.out"
}

stop_micro() {
  local in=${micro_in[$1]:-} out=${micro_out[$1]:-}
  [ -n "${micro_pid[$1]:-}" ] || return 0
  kill -9 "${micro_pid[$1]}" 2>/dev/null || true
  wait "${micro_pid[$1]}" 2>/dev/null || true
  [ -z "$in" ] || exec {in}>&-
  [ -z "$out" ] || exec {out}<&-
  unset "micro_pid[$1]" "micro_in[$1]" "micro_out[$1]"
}

stop_all_micro() {
  local key
  for key in "${!micro_pid[@]}"; do stop_micro "$key"; done
}

# ask_micro KEY OPERATION: sets answer to "ns cpu_ns wall_ns" of one slice, or starts the program anew and fails.
ask_micro() {
  local line='' side=${1% *} cores=${1#* }
  if [ -z "${micro_pid[$1]:-}" ]; then start_micro "$1"; fi
  if echo "$2" >&"${micro_in[$1]}" && read -r -t 30 -u "${micro_out[$1]}" line && [[ $line == "$2 "* ]]; then
    answer=${line#* }
    return 0
  fi
  echo "  $side did not measure $2: $(tail -n 1 "$scratch/micro.$side.$cores.err" | grep . || echo 'no answer')" >&2
  stop_micro "$1"
  return 1
}

# Sets real_time to the command in front of programs on two cores. Otherwise Linux leaves both threads on one core for as long as
# a slice takes, when something else runs on the other; they then take turns and never meet.
choose_priority() {
  real_time=(chrt --rr 1)
  if ! "${real_time[@]}" true 2>/dev/null; then
    real_time=()
    echo "no real-time priority is permitted: trust the rows of two loops only if nothing else runs" >&2
  fi
}

# What stands alone: neither weft's nor Go's but the machine's, or held to nanoseconds.
only_weft_has() { [[ $1 =~ ^(bare-line|exchange|chain-8|request-id|access-log|security-headers|rate-limit|timeout)$ ]]; }

# measure_operation ROUND NAME CORES: prints "ROUND NAME SIDE ns cpu_ns wall_ns" for each slice.
measure_operation() {
  local round=$1 name=$2 cores=$3 pair side i count answer
  local -a sides=("${micro_sides[@]}")
  if only_weft_has "$name"; then sides=(weft); fi
  count=${#sides[@]}
  for ((pair = 0; pair <= slice_pairs; ++pair)); do
    for ((i = 0; i < count; ++i)); do
      side=${sides[$(((i + pair + round) % count))]}
      if ! ask_micro "$side $cores" "$name"; then
        unset "cores_of[$name]"  # not in a later round either: it may hang
        return 0
      fi
      if [ "$pair" -gt 0 ]; then echo "$round $name $side $answer"; fi
    done
  done
}

# measure_rows ROWS RESULTS: measures the operations of a table that the function ROWS prints, and prints what they took. Each slice goes
# into the file RESULTS.
measure_rows() {
  local round name goal title cores rows=$1 results=$2
  local -A cores_of=()
  while read -r name cores; do cores_of[$name]=$cores; done < <("$micro" --list)
  micro_sides=(weft)
  if [ -n "${left_out[gomicro]:-}" ]; then
    echo "left out: Go's operations, ${left_out[gomicro]}; the figures of weft stand alone"
  else
    micro_sides+=(go)
  fi
  : >"$results"
  for ((round = 1; round <= rounds; ++round)); do
    while read -r name goal title; do
      if [ -n "$operations" ] && [[ ",$operations," != *",$name,"* ]]; then continue; fi
      if [ -n "${cores_of[$name]:-}" ]; then
        measure_operation "$round" "$name" "${cores_of[$name]}" >>"$results" </dev/null
      elif [ "$round" -eq 1 ]; then
        echo "left out: $name, this build of weft does not have it"
      fi
    done < <("$rows")
    stop_all_micro
  done
  printf '\nMedians of the rounds; in brackets the least and the greatest. Each slice is in %s\n\n' "$results"
  awk -f "$root/bench/lib/median.awk" -f "$root/bench/lib/concurrency.awk" <("$rows") "$results"
}

measure_concurrency() {
  local name
  echo
  if [ ! -x "$micro" ]; then
    echo "Concurrency: left out, its release build failed"
    return
  fi
  choose_priority
  for name in ${operations//,/ }; do
    if ! concurrency_rows | grep -q "^$name "; then echo "there is no operation $name" >&2; fi
  done
  echo "$rounds rounds of $slice_pairs slices of $slice_ms ms for each operation, on core $server_core;" \
    "two loops on cores $server_core and $load_core"
  measure_rows concurrency_rows "$peers_dir/concurrency.txt"
}
