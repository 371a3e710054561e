# SPDX-License-Identifier: Apache-2.0
# Reads lines "round server requests cpu_us rps p50_us p99_us busy", one for each slice, and prints one line for each
# server. The slices of a round are averaged; then come the medians over the rounds, and of the CPU time the median, the
# least and the greatest of the ratios within a round. Needs median.awk and, in `order`, the servers in the order of the table; in `bases`
# those that the others are divided by (default: floor and go).

# The mean of a field over a round's slices; CPU per request is weighted with the requests.
function Mean(round, server, field) {
  if (field == 4) return sum[round, server, 4] / sum[round, server, 3]
  return sum[round, server, field] / slices[round, server]
}

function Of(server, field,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) {
    if ((round, server) in slices) values[++n] = Mean(round, server, field)
  }
  return Median(values, n)
}

function Ratio(server, base,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) {
    if ((round, server) in slices && (round, base) in slices) {
      values[++n] = Mean(round, server, 4) / Mean(round, base, 4)
    }
  }
  return n ? sprintf("%.2f (%.2f to %.2f)", Median(values, n), Least(values, n), Most(values, n)) : "-"
}

{
  slices[$1, $2]++
  known[$2] = 1
  sum[$1, $2, 3] += $3
  sum[$1, $2, 4] += $3 * $4
  for (i = 5; i <= NF; i++) sum[$1, $2, i] += $i
  if ($1 > rounds) rounds = $1
}

END {
  bases_count = split(bases == "" ? "floor go" : bases, base, " ")
  row = "%9s %8s %8s %6s\n"
  printf "%-12s %8s", "server", "CPU us"
  for (b = 1; b <= bases_count; b++) printf " %21s", "CPU / " base[b]
  printf " " row, "req/s", "p50 us", "p99 us", "busy"
  n = split(order, servers, " ")
  for (i = 1; i <= n; i++) {
    server = servers[i]
    if (!(server in known)) continue
    printf "%-12s %8s", server, sprintf("%.2f", Of(server, 4))
    for (b = 1; b <= bases_count; b++) printf " %21s", Ratio(server, base[b])
    printf " " row, sprintf("%.0f", Of(server, 5)), sprintf("%.0f", Of(server, 6)), sprintf("%.0f", Of(server, 7)),
      sprintf("%.0f %%", 100 * Of(server, 8))
  }
}
