# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Resident memory per idle connection and per parked request. Sourced by bench/run, which sets: peers_dir, scratch,
# load_core, memory_first, memory_last.

# hold NAME COMMAND LOAD_FLAG...: starts the server, lets the load hold its connections and sets held to two figures: bytes
# for each connection between the first and the last step, and bytes for each of all of them over the server without
# any. Two "-" when the server or the load fails.
hold() {
  local name=$1 command=$2 note=
  shift 2
  held=(- -)
  start_server "$name" "$command" || return 0
  if ! taskset -c "$load_core" "$peers_dir/load" --address "${server_address[$name]}" --pid "$(processes_of "$name")" "$@" \
    >"$scratch/hold.out" 2>"$scratch/hold.err"; then
    note=$(tail -n 1 "$scratch/hold.err")
    echo "  $name: ${note:-the load failed}" >&2
  fi
  stop_server "$name"
  read -ra held < <(awk -F'[= ]' -v failed="$note" '
    BEGIN { n = 0 }
    /^step=/ { step[n] = $2; resident[n] = $4; n++ }
    END {
      if (n < 3 || failed != "") { print "- -"; exit }
      printf "%.0f %.0f\n", (resident[2] - resident[1]) / (step[2] - step[1]), (resident[2] - resident[0]) / step[2]
    }' "$scratch/hold.out")
}

measure_memory() {
  local name steps="$memory_first,$memory_last" idle
  printf '\nResident memory in bytes, of the server process. "more": for each connection beyond the first %s, up to %s;\n' \
    "$memory_first" "$memory_last"
  printf '"all": the growth from no connection to %s, divided by their number. "-": the server has no such route.\n\n' \
    "$memory_last"
  printf '%-12s %12s %12s %14s %14s\n' server "idle, more" "idle, all" "parked, more" "parked, all"
  for name in "${measured[@]}"; do
    hold "$name" "${server_command[$name]}" --idle "$steps"
    idle=("${held[@]}")
    held=(- -)
    if [ -n "${park_command[$name]}" ]; then
      hold "$name" "${park_command[$name]}" --park "$steps" --path /sleep/60000
    fi
    printf '%-12s %12s %12s %14s %14s\n' "$name" "${idle[@]}" "${held[@]}"
  done
}
