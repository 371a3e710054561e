# SPDX-License-Identifier: Apache-2.0
# Functions over values[1..n]. They work in every awk, which is why nothing is sorted by a built-in.

function Median(values, n,    sorted, i, j, value) {
  for (i = 1; i <= n; i++) {
    value = values[i]
    for (j = i - 1; j > 0 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function Least(values, n,    i, least) {
  least = values[1]
  for (i = 2; i <= n; i++) if (values[i] < least) least = values[i]
  return least
}

function Most(values, n,    i, most) {
  most = values[1]
  for (i = 2; i <= n; i++) if (values[i] > most) most = values[i]
  return most
}
