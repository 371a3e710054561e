# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# CPU per request, requests per second and latency. Sourced by bench/run, which sets: root, weft_dir, peers_dir, scratch, measured,
# rounds, seconds, connections, server_core, load_core, load_flags.
#
# A round starts every server anew and then measures them in turn, in slices of half a second: the speed of a virtual
# machine changes within seconds, and what is compared must lie close together. All servers run during a round, but
# only one at a time has anything to do.

slice_seconds=0.5

# measure_slice ROUND NAME: prints "ROUND NAME requests cpu_us rps p50_us p99_us busy", or says what went wrong.
measure_slice() {
  if ! taskset -c "$load_core" "$peers_dir/load" --address "${server_address[$2]}" --pid "$(processes_of "$2")" --spin \
    --connections "$connections" --seconds "$slice_seconds" --warmup 0.1 ${load_flags[@]+"${load_flags[@]}"} \
    >"$scratch/load.out" 2>"$scratch/load.err"; then
    echo "  $2, round $1: a slice does not count: $(cat "$scratch/load.out" "$scratch/load.err" | tail -n 1)" >&2
    return
  fi
  tr '=' ' ' <"$scratch/load.out" | awk -v round="$1" -v name="$2" '$1 == "requests" { print round, name, $2, $8, $6, $12, $14, $10 }'
}

measure_round() {
  local round=$1 slice i name slices=$((2 * seconds)) count=${#measured[@]}
  for name in "${measured[@]}"; do start_server "$name" "${server_command[$name]}" || true; done
  for ((slice = 0; slice < slices; ++slice)); do
    for ((i = 0; i < count; ++i)); do
      name=${measured[$(((i + slice + round - 1) % count))]}
      if [ -n "${server_pid[$name]:-}" ]; then measure_slice "$round" "$name"; fi
    done
  done
  stop_all
}

# Beside the hello that is optimised across files (weft::lto) stands one that is linked as any program of a user.
measure_speed() {
  local round results=$peers_dir/slices.txt measured=("${measured[@]}")
  if [[ " ${measured[*]} " == *" weft "* ]] && [ -x "$weft_dir/bench/hello_plain" ]; then
    measured+=(weft-plain)
    server_command[weft-plain]="$weft_dir/bench/hello_plain --address 127.0.0.1:0 --loops 1"
  fi
  : >"$results"
  printf '\n%s rounds of %s s for each server, %s connections, server on core %s, load on core %s\n' \
    "$rounds" "$seconds" "$connections" "$server_core" "$load_core"
  for ((round = 1; round <= rounds; ++round)); do
    measure_round "$round" >"$scratch/round.txt"
    cat "$scratch/round.txt" >>"$results"
    awk -v order="${measured[*]}" -v round="$round" '
      { cpu[$2] += $3 * $4; requests[$2] += $3 }
      END {
        printf "round %s, CPU us:", round
        n = split(order, servers, " ")
        for (i = 1; i <= n; i++) {
          if (requests[servers[i]]) printf "  %s %.2f", servers[i], cpu[servers[i]] / requests[servers[i]]
        }
        print ""
      }' "$scratch/round.txt"
  done
  printf '\nMedians of the rounds; in brackets the least and the greatest. Each slice is in %s\n\n' "$results"
  awk -v order="${measured[*]}" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results"
}
