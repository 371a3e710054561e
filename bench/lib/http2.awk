# SPDX-License-Identifier: Apache-2.0
# Reads lines "round server requests cpu_us rps", one for each slice, and prints a line for each server in `order`: medians over the rounds,
# and of the CPU time the ratios within a round. Needs median.awk.

function Mean(round, server) { return cpu[round, server] / requests[round, server] }

function Ratio(server, base,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) {
    if ((round, server) in cpu && (round, base) in cpu) values[++n] = Mean(round, server) / Mean(round, base)
  }
  return n ? sprintf("%.2f (%.2f to %.2f)", Median(values, n), Least(values, n), Most(values, n)) : "-"
}

{
  known[$2] = 1
  cpu[$1, $2] += $3 * $4
  requests[$1, $2] += $3
  rate[$2] += $5
  slices[$2]++
  if ($1 > rounds) rounds = $1
}

END {
  printf "%-12s %8s %21s %21s %21s %9s\n", "server", "CPU us", "CPU / nginx", "CPU / h2o", "CPU / go", "req/s"
  n = split(order, servers, " ")
  for (i = 1; i <= n; i++) {
    server = servers[i]
    if (!(server in known)) continue
    split("", values)
    m = 0
    for (round = 1; round <= rounds; round++) if ((round, server) in cpu) values[++m] = Mean(round, server)
    printf "%-12s %8.2f %21s %21s %21s %9.0f\n", server, Median(values, m), Ratio(server, "nginx"), Ratio(server, "h2o"), Ratio(server, "go"),
      rate[server] / slices[server]
  }
}
