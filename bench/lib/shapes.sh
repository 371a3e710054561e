# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Other requests than a small GET: bodies that are echoed, requests in a row, a large file. Sourced by bench/run, which sets: root,
# weft_dir, peers_dir, scratch, rounds, seconds, connections, shapes, load_flags, and what speed.sh and servers.sh need.
#
# It goes as in speed.sh: a round starts the servers of a shape anew and measures them in slices that take turns.

shape_names=(echo-1k echo-1m pipeline file)
depth=16  # of the pipeline

wants_shape() { [ -z "$shapes" ] || [[ ",$shapes," == *",$1,"* ]]; }

# Who is measured, with which command. A server that cannot do it is not in the list.
servers_of() {
  local any=127.0.0.1:0
  case $1 in
    echo-*)
      echo "weft $weft_dir/bench/echo --address $any"
      echo "go $peers_dir/gohttp --address $any"
      ;;
    pipeline)
      echo "floor ${server_command[floor]}"
      echo "weft ${server_command[weft]}"
      echo "nginx ${server_command[nginx]}"
      echo "go ${server_command[go]}"
      ;;
    file)
      echo "weft $weft_dir/examples/download --address $any --loops 1 --folder $scratch/files"
      echo "nginx ${server_command[nginx]}"
      echo "go $peers_dir/gohttp --address $any --files $scratch/files"
      ;;
  esac
}

# What the load does. Few connections where each request is large: a slice lasts until the last of them has its answer.
flags_of() {
  case $1 in
    echo-1k) echo "--path /echo --body 1024" ;;
    echo-1m) echo "--path /echo --body 1048576 --connections 8" ;;
    pipeline) echo "" ;;
    file) echo "--path /files/large --connections 4" ;;
  esac
}

title_of() {
  case $1 in
    echo-1k) echo "POST of 1 KiB, echoed" ;;
    echo-1m) echo "POST of 1 MiB, echoed piece by piece; 8 connections" ;;
    pipeline) echo "$depth requests at once on each connection, compared with one; goal for weft: at least 4 times the requests a second" ;;
    file) echo "GET of a file of 100 MiB, in the page cache; 4 connections; goal for weft: at most 1.1 times nginx's CPU" ;;
  esac
}

# Written, not sparse, so that its pages are there.
make_files() {
  mkdir -p "$scratch/files"
  [ -f "$scratch/files/large" ] || head -c $((100 << 20)) /dev/zero >"$scratch/files/large"
}

# measure_shape_round ROUND SHAPE: prints the lines of its slices; those of the deep pipeline under the name with "*".
measure_shape_round() {
  local round=$1 shape=$2 name command slice i count slices=$((2 * seconds)) here=()
  local -a load_flags=()
  read -ra load_flags <<<"$(flags_of "$shape")"
  while read -r name command; do
    wanted "$name" && [ -z "${left_out[$name]:-}" ] || continue
    if start_server "$name" "$command"; then here+=("$name"); fi
  done < <(servers_of "$shape")
  count=${#here[@]}
  for ((slice = 0; slice < slices; ++slice)); do
    for ((i = 0; i < count; ++i)); do
      name=${here[$(((i + slice + round - 1) % count))]}
      measure_slice "$round" "$name"
      if [ "$shape" = pipeline ]; then
        load_flags=(--pipeline "$depth")
        measure_slice "$round" "$name" | awk '{ $2 = $2 "*"; print }'
        load_flags=()
      fi
    done
  done
  stop_all
}

measure_shapes() {
  local shape round results order="floor weft nginx go"
  for shape in "${shape_names[@]}"; do
    wants_shape "$shape" || continue
    if [ "$shape" = file ]; then make_files; fi
    results=$peers_dir/$shape.txt
    : >"$results"
    printf '\n%s\n\n' "$(title_of "$shape")"
    for ((round = 1; round <= rounds; ++round)); do measure_shape_round "$round" "$shape" >>"$results"; done
    case $shape in
      pipeline) awk -v order="$order" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/pipeline.awk" "$results" ;;
      file) awk -v order="$order" -v bases="nginx go" -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results" ;;
      *) awk -v order="$order" -v bases=go -f "$root/bench/lib/median.awk" -f "$root/bench/lib/table.awk" "$results" ;;
    esac
  done
}
