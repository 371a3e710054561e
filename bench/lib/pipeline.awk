# SPDX-License-Identifier: Apache-2.0
# Reads lines "round server requests cpu_us rps p50_us p99_us busy", one for each slice; a server's name with "*" means the deep pipeline.
# Prints one line for each server: how many times the requests a second that makes, as the median of the rounds' ratios, the least and
# the greatest. Needs median.awk and, in `order`, the servers in the order of the table.

function Rate(round, server) { return rate[round, server] / slices[round, server] }
function Cpu(round, server) { return cpu[round, server] / requests[round, server] }

function OfRate(server,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) if ((round, server) in slices) values[++n] = Rate(round, server)
  return Median(values, n)
}

function OfCpu(server,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) if ((round, server) in slices) values[++n] = Cpu(round, server)
  return Median(values, n)
}

function Times(server,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) {
    if ((round, server) in slices && (round, server "*") in slices) values[++n] = Rate(round, server "*") / Rate(round, server)
  }
  return n ? sprintf("%.2f (%.2f to %.2f)", Median(values, n), Least(values, n), Most(values, n)) : "-"
}

{
  slices[$1, $2]++
  known[$2] = 1
  requests[$1, $2] += $3
  cpu[$1, $2] += $3 * $4
  rate[$1, $2] += $5
  if ($1 > rounds) rounds = $1
}

END {
  row = "%-12s %22s %9s %9s %8s %8s\n"
  printf row, "server", "req/s, deep / one", "one", "deep", "CPU us", "deep"
  n = split(order, servers, " ")
  for (i = 1; i <= n; i++) {
    server = servers[i]
    if (!(server in known) || !((server "*") in known)) continue
    printf row, server, Times(server), sprintf("%.0f", OfRate(server)), sprintf("%.0f", OfRate(server "*")),
      sprintf("%.2f", OfCpu(server)), sprintf("%.2f", OfCpu(server "*"))
  }
}
