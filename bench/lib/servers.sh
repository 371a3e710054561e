# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Which servers are compared, and how one is started and ended. Sourced by bench/run, which sets: root, weft_dir,
# peers_dir, scratch, server_core.

server_names=()
declare -A server_command=()  # prints "listening on http://HOST:PORT" once it has bound
declare -A park_command=()    # the program that has GET /sleep/{ms}; empty: none
declare -A left_out=()        # name -> why it is not measured
declare -A server_pid=()      # of those that run
declare -A server_address=()

# add_server NAME COMMAND [PARK_COMMAND]
add_server() {
  server_names+=("$1")
  server_command[$1]=$2
  park_command[$1]=${3:-}
}

# nginx cannot be told port 0, and it does not say where it listens: a free port is asked for before.
start_nginx() {
  local dir port
  dir=$(mktemp -d "$scratch/nginx.XXXXXX")
  port=$("$peers_dir/load" --free-port)
  sed -e "s|@PORT@|$port|" -e "s|@DIR@|$dir|" -e "s|@FILES@|$scratch/files|" "$root/bench/peers/nginx.conf.in" >"$dir/nginx.conf"
  # A worker that root starts would change to another user, which may not enter the folder of its temporary files.
  if [ "$(id -u)" -eq 0 ]; then sed -i '1i user root;' "$dir/nginx.conf"; fi
  echo "listening on http://127.0.0.1:$port"
  exec nginx -p "$dir" -c "$dir/nginx.conf"
}

add_known_servers() {
  local any=127.0.0.1:0
  add_server floor "$peers_dir/epoll_floor --address $any"
  add_server weft "$weft_dir/examples/hello --address $any --loops 1" \
    "$weft_dir/bench/echo --address $any"
  add_server nginx start_nginx
  add_server beast "$peers_dir/beast_async --address $any" "$peers_dir/beast_async --address $any"
  add_server go "$peers_dir/gohttp --address $any" "$peers_dir/gohttp --address $any"
  add_server uws "$peers_dir/uwebsockets"
}

# start_server NAME COMMAND: sets server_pid[NAME] and server_address[NAME], or says why not and fails.
start_server() {
  local name=$1 tries why address output="$scratch/$1.out" errors="$scratch/$1.err"
  : >"$output"
  # The words of the command are meant to be split here; it may be a function, such as start_nginx.
  # shellcheck disable=SC2086
  { taskset -cp "$server_core" "$BASHPID" >/dev/null 2>&1 || true
    if declare -F "$2" >/dev/null; then "$2"; else exec $2; fi; } >"$output" 2>"$errors" </dev/null &
  server_pid[$name]=$!
  for ((tries = 0; tries < 100; ++tries)); do
    address=$(sed -n 's|^listening on https\{0,1\}://||p' "$output" | head -n 1)
    if [ -n "$address" ] && answers "$address"; then
      server_address[$name]=$address
      return 0
    fi
    kill -0 "${server_pid[$name]}" 2>/dev/null || break
    sleep 0.05
  done
  stop_server "$name"
  why=$(tail -n 1 "$errors")
  echo "  $name did not start: ${why:-it said nothing}" >&2
  return 1
}

# Whether something listens there; the connection is closed at once.
answers() {
  (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null
}

# Prints the process of a server and its children, as a list with commas: nginx works in a child.
processes_of() {
  local pid=${server_pid[$1]} children=()
  read -ra children <"/proc/$pid/task/$pid/children" || true
  (IFS=,; echo "$pid${children:+,${children[*]}}")
}

# Ends a server with SIGTERM, and after five seconds by force.
stop_server() {
  local tries pid=${server_pid[$1]:-}
  [ -n "$pid" ] || return 0
  kill "$pid" 2>/dev/null || true
  for ((tries = 0; tries < 100; ++tries)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  if kill -9 "$pid" 2>/dev/null; then echo "  $1 did not end within 5 s of SIGTERM and was killed" >&2; fi
  wait "$pid" 2>/dev/null || true
  unset "server_pid[$1]"
}

stop_all() {
  local name
  for name in "${!server_pid[@]}"; do stop_server "$name"; done
}
