# SPDX-License-Identifier: Apache-2.0
# Reads lines "round kind requests beside_p50_us P50 beside_p99_us P99", one for each slice in which files were asked for beside what was
# measured, and prints how long those took. Needs median.awk.

{
  n = ++slices[$2]
  p50[$2, n] = $5
  p99[$2, n] = $7
  files[$2] += $3
}

function Of(what, kind,    k) {
  split("", values)
  for (k = 1; k <= slices[kind]; k++) values[k] = what[kind, k]
  return Median(values, slices[kind])
}

END {
  n = split("warm cold", order, " ")
  for (i = 1; i <= n; i++) {
    kind = order[i]
    if (slices[kind]) printf "the files beside, %s: %d of them, p50 %.0f us, p99 %.0f us\n", kind, files[kind], Of(p50, kind), Of(p99, kind)
  }
}
