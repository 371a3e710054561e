# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Queries to a PostgreSQL server compared with pgx and a bare loop on libpq, and how long a query outlives its request. Sourced by bench/run, which sets: root, weft_dir,
# peers_dir, scratch, rounds, seconds, load_core, go, left_out.

postgres_fibers=64
postgres_pool=8
postgres_cancels=100

# build_postgres: sets postgres_programs to the folder of weft's programs. pgx comes from Go's module proxy, once.
build_postgres() {
  postgres_programs=$weft_dir/bench
  build_weft "client for PostgreSQL" weft_bench_postgres_queries weft_bench_postgres_floor weft_bench_postgres_server weft_bench_postgres_cancels || postgres_programs=
  if [ -z "$go" ]; then
    left_out[pgx]="there is no go on PATH"
  elif ! (cd "$root/bench/peers/gopgx" && GOTOOLCHAIN=local GOFLAGS='' quietly "$peers_dir/gopgx.log" "$go" build -o "$peers_dir/gopgx" .); then
    left_out[pgx]="go build failed: it needs Go's module proxy once"
  fi
}

# Prints "ROUND NAME queries cpu_us rps p50_us p99_us".
measure_postgres_round() {
  local round=$1 conninfo=$2 name
  local -a names=(weft floor pgx)
  if [ $((round % 2)) -eq 0 ]; then names=(pgx floor weft); fi
  for name in "${names[@]}"; do
    [ -z "${left_out[$name]:-}" ] || continue
    case $name in
      weft) echo "$round weft $(taskset -c "$load_core" "$postgres_programs/postgres_queries" "$conninfo" $postgres_fibers $postgres_pool "$seconds")" ;;
      floor) echo "$round floor $(taskset -c "$load_core" "$postgres_programs/postgres_floor" "$conninfo" $postgres_fibers $postgres_pool "$seconds")" ;;
      pgx) echo "$round pgx $(GOMAXPROCS=1 taskset -c "$load_core" "$peers_dir/gopgx" "$conninfo" $postgres_fibers $postgres_pool "$seconds")" ;;
    esac
  done
}

# The median of each column, and of the ratios to pgx in the same round.
print_postgres_table() {
  awk '
  function Median(list, n,   i, j, t) {
    for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
    return n == 0 ? 0 : list[int((n + 1) / 2)]
  }
  { cpu[$2, $1] = $4; rps[$2, $1] = $5; p50[$2, $1] = $6; p99[$2, $1] = $7; if ($1 > rounds) rounds = $1; names[$2] = 1 }
  END {
    printf "%-8s %8s %11s %11s %10s %8s %8s\n", "client", "CPU us", "CPU / pgx", "queries/s", "/ pgx", "p50 us", "p99 us"
    split("weft floor pgx", order)
    for (k = 1; k <= 3; k++) {
      name = order[k]
      if (!(name in names)) continue
      n = m = 0
      for (r = 1; r <= rounds; r++) {
        if (!((name, r) in cpu)) continue
        n++; a[n] = cpu[name, r]; b[n] = rps[name, r]; c[n] = p50[name, r]; d[n] = p99[name, r]
        if (("pgx", r) in cpu) { m++; e[m] = cpu[name, r] / cpu["pgx", r]; f[m] = rps[name, r] / rps["pgx", r] }
      }
      printf "%-8s %8.2f %11.2f %11.0f %10.2f %8.0f %8.0f\n", name, Median(a, n), Median(e, m), Median(b, n), Median(f, m), Median(c, n), Median(d, n)
    }
  }' "$1"
}

measure_postgres() {
  local round conninfo results=$peers_dir/postgres.txt median p99
  echo
  if [ -z "$postgres_programs" ] || [ ! -x "$postgres_programs/postgres_queries" ]; then
    echo "PostgreSQL: left out, its release build failed or there is no libpq"
    return
  fi
  coproc POSTGRES { exec "$postgres_programs/postgres_server"; }
  local server=$POSTGRES_PID
  if ! read -r conninfo <&"${POSTGRES[0]}"; then
    echo "PostgreSQL: left out, there is no server (postgresql)"
    return
  fi
  exec {keep}>&"${POSTGRES[1]}"
  echo "PostgreSQL: $rounds rounds of $seconds s, one row by its key, $postgres_fibers fibers, $postgres_pool connections, the client on core $load_core"
  echo "goal for weft: at most 0.5 of pgx's CPU, 1.5 times its queries a second"
  : >"$results"
  for ((round = 1; round <= rounds; ++round)); do measure_postgres_round "$round" "$conninfo" >>"$results"; done
  print_postgres_table "$results"
  read -r median p99 <<<"$("$postgres_programs/postgres_cancels" "$conninfo" $postgres_cancels)"
  echo "a query whose request's client has left is gone after $median ms (median of $postgres_cancels), $p99 ms (p99); goal: 50 and 250"
  exec {keep}>&-
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
}
