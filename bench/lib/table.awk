# SPDX-License-Identifier: Apache-2.0
# Reads lines "round server cpu_us rps p50_us p99_us busy" and prints one line for each server: the medians over the rounds,
# and of the CPU time the median, least and greatest of the ratios within a round. Needs median.awk and, in `order`, the
# servers in the order of the table.

function Of(server, field,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) {
    if ((round, server) in seen) values[++n] = cell[round, server, field]
  }
  return Median(values, n)
}

function Ratio(server, base,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) {
    if ((round, server) in seen && (round, base) in seen) values[++n] = cell[round, server, 3] / cell[round, base, 3]
  }
  return n ? sprintf("%.2f (%.2f to %.2f)", Median(values, n), Least(values, n), Most(values, n)) : "-"
}

{
  seen[$1, $2] = 1
  known[$2] = 1
  for (i = 3; i <= NF; i++) cell[$1, $2, i] = $i
  if ($1 > rounds) rounds = $1
}

END {
  row = "%-12s %8s %21s %21s %9s %8s %8s %6s\n"
  printf row, "server", "CPU us", "CPU / floor", "CPU / go", "req/s", "p50 us", "p99 us", "busy"
  n = split(order, servers, " ")
  for (i = 1; i <= n; i++) {
    server = servers[i]
    if (!(server in known)) continue
    printf row, server, sprintf("%.2f", Of(server, 3)), Ratio(server, "floor"), Ratio(server, "go"),
      sprintf("%.0f", Of(server, 4)), sprintf("%.0f", Of(server, 5)), sprintf("%.0f", Of(server, 6)),
      sprintf("%.0f %%", 100 * Of(server, 7))
  }
}
