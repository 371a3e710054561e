# SPDX-License-Identifier: Apache-2.0
# Reads lines "round server kind rate p50_us p99_us p999_us" and prints one line for each server and kind: medians over the rounds, and
# the range of the last. Needs median.awk; in `order` the servers, in `kinds` the kinds, both in the order of the table.

{
  n = ++count[$2, $3]
  for (i = 4; i <= 7; i++) value[$2, $3, i, n] = $i
}

function Fill(server, kind, field,    k) {
  split("", values)
  for (k = 1; k <= count[server, kind]; k++) values[k] = value[server, kind, field, k]
  return count[server, kind]
}

function Of(server, kind, field) { return Median(values, Fill(server, kind, field)) }

END {
  printf "%-8s %-8s %10s %9s %9s %9s   %s\n", "server", "load", "requests/s", "p50", "p99", "p99.9", "range of p99.9"
  servers = split(order, server, " ")
  all = split(kinds, kind, " ")
  for (k = 1; k <= all; k++) {
    for (s = 1; s <= servers; s++) {
      if (!count[server[s], kind[k]]) continue
      line = sprintf("%-8s %-8s %10d", server[s], kind[k], Of(server[s], kind[k], 4))
      for (i = 5; i <= 7; i++) line = line sprintf(" %9d", Of(server[s], kind[k], i))
      n = Fill(server[s], kind[k], 7)
      printf "%s   %d to %d\n", line, Least(values, n), Most(values, n)
    }
  }
}
