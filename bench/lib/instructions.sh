# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Instructions for one request, counted by callgrind: user space only, the same in every run to a few, whatever else the machine does.
# Sourced by bench/run after servers.sh, which says what it needs.

instruction_rounds=(20 120)

# count_instructions NAME COMMAND ROUNDS LOAD_FLAG...: prints what a whole run of the server takes.
count_instructions() {
  local name=$1 command=$2 rounds=$3 file=$scratch/callgrind.$1.$3
  shift 3
  start_server "$name" "valgrind --tool=callgrind --callgrind-out-file=$file $command" || return 1
  "$peers_dir/load" --address "${server_address[$name]}" --pid "${server_pid[$name]}" --in-step "$rounds" "$@" >/dev/null
  stop_server "$name"
  sed -n 's/^\(summary\|totals\): *//p' "$file" | tail -n 1
}

# instructions_of NAME COMMAND CONNECTIONS PIPELINE LOAD_FLAG...: what one more request costs: the difference of a long run and a short
# one, which start and end alike.
instructions_of() {
  local name=$1 command=$2 connections=$3 pipeline=$4 short long
  shift 4
  set -- --connections "$connections" --pipeline "$pipeline" "$@"
  short=$(count_instructions "$name" "$command" "${instruction_rounds[0]}" "$@") || return 1
  long=$(count_instructions "$name" "$command" "${instruction_rounds[1]}" "$@") || return 1
  echo $(((long - short) / ((instruction_rounds[1] - instruction_rounds[0]) * connections * pipeline)))
}

measure_instructions() {
  local name names=()
  echo
  if ! command -v valgrind >/dev/null; then
    echo "Instructions: left out, valgrind is missing (scripts/setup tools)"
    return
  fi
  printf 'Instructions for a request, in user space (callgrind). "32", "1": as many connections that all send at once; "16 deep": 16\n'
  printf 'requests at once on one connection; "echo": a POST of 1 KiB. Goal: at most 2,900 with 32.\n\n'
  printf '%-12s %8s %8s %8s %8s\n' server 32 1 "16 deep" echo
  for name in "${measured[@]}"; do
    # Those have a process more, or threads of their own, whose turns valgrind decides.
    case $name in nginx | go) continue ;; esac
    names+=("$name")
  done
  if [[ " ${names[*]} " == *" weft "* ]] && [ -x "$weft_dir/bench/hello_plain" ]; then
    names+=(weft-plain)
    server_command[weft-plain]="$weft_dir/bench/hello_plain --address 127.0.0.1:0 --loops 1"
  fi
  for name in "${names[@]}"; do
    printf '%-12s %8s %8s %8s %8s\n' "$name" \
      "$(instructions_of "$name" "${server_command[$name]}" 32 1 || echo -)" \
      "$(instructions_of "$name" "${server_command[$name]}" 1 1 || echo -)" \
      "$(instructions_of "$name" "${server_command[$name]}" 1 16 || echo -)" \
      "$([ -n "${park_command[$name]:-}" ] && instructions_of "$name" "${park_command[$name]}" 32 1 --path /echo --body 1024 || echo -)"
  done
}
