# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# How long a user's smallest program takes to compile. Sourced by bench/run, which sets: root, weft_dir, scratch, rounds,
# server_core.

# Sets compile_words to the command by which the release build compiles hello.cc, without a launcher such as ccache and
# without its input and output.
find_compile_command() {
  local line words i
  line=$(awk -v file="$root/examples/hello.cc" '
    /^ *"command":/ { command = $0 }
    /^ *"file":/ && index($0, "\"" file "\"") { print command; exit }' "$weft_dir/compile_commands.json" |
    sed -e 's/^ *"command": "//' -e 's/",$//' -e 's/\\"/"/g' -e 's/\\\\/\\/g' -e 's|^.*/ccache ||')
  [ -n "$line" ] || return 1
  eval "words=($line)"
  compile_words=()
  for ((i = 0; i < ${#words[@]}; ++i)); do
    case ${words[i]} in
      -o | -c) i=$((i + 1)) ;;
      *) compile_words+=("${words[i]}") ;;
    esac
  done
}

# Prints the CPU seconds, user and system, of one compilation: wall time would also show who else uses the machine.
# Prints 0 when the compiler refuses the file.
compile_seconds() {
  local TIMEFORMAT='%U %S' used failed=
  used=$({ time taskset -c "$server_core" "${compile_words[@]}" -o "$scratch/compiled.o" -c "$1" \
    2>"$scratch/compile.err"; } 2>&1) || failed=1
  if [ -n "$failed" ]; then
    head -n 5 "$scratch/compile.err" >&2
    echo 0
  else
    awk '{ print $1 + $2 }' <<<"$used"
  fi
}

# Prints the CPU seconds of linking this target once more.
link_seconds() {
  local TIMEFORMAT='%U %S' command used
  command=$(ninja -C "$weft_dir" -t commands "$1" | tail -n 1)
  used=$({ time taskset -c "$server_core" bash -c "cd '$weft_dir' && $command" >"$scratch/link.log" 2>&1; } 2>&1) || return 1
  awk '{ print $1 + $2 }' <<<"$used"
}

measure_link_time() {
  local plain lto
  if plain=$(link_seconds weft_bench_hello_plain) && lto=$(link_seconds hello); then
    echo "Link time of hello.cc: $plain s of CPU (goal: at most 2); with weft::lto: $lto s"
  else
    echo "Link time: left out, see $scratch/link.log"
  fi
}

measure_compile_time() {
  local round base="$scratch/five_headers.cc"
  echo
  if [ ! -f "$root/examples/hello.cc" ] || ! find_compile_command; then
    echo "Compile time: left out, the release build has no examples/hello.cc"
    return
  fi
  printf '#include <%s>\n' string functional memory vector chrono >"$base"
  echo 'int main() {}' >>"$base"
  for ((round = 1; round <= rounds; ++round)); do
    echo "$round $(compile_seconds "$root/examples/hello.cc") $(compile_seconds "$base")"
  done >"$scratch/compile.txt"
  awk -f "$root/bench/lib/median.awk" -f <(cat <<'AWK'
    $2 > 0 && $3 > 0 { ++n; hello[n] = $2; base[n] = $3; ratio[n] = $2 / $3 }
    END {
      if (n == 0) { print "Compile time: left out, the compiler failed"; exit }
      printf "Compile time of hello.cc: %.2f s of CPU; five standard headers: %.2f s; ratio %.2f (%.2f to %.2f)\n",
        Median(hello, n), Median(base, n), Median(ratio, n), Least(ratio, n), Most(ratio, n)
    }
AWK
  ) "$scratch/compile.txt"
}
