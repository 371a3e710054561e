# SPDX-License-Identifier: Apache-2.0
# Reads lines "round kind:server requests cpu_us ..." and prints, for weft and Go, how much more CPU the second of two `kinds` takes for a
# request than the first, and weft's difference divided by Go's within a round: the median, the least and the greatest. Needs median.awk.

function Cpu(round, kind, server) { return cpu[round, kind, server] / requests[round, kind, server] }
function Known(round, server) { return (round, kind[1], server) in requests && (round, kind[2], server) in requests }
function More(round, server) { return Cpu(round, kind[2], server) - Cpu(round, kind[1], server) }

function OfRounds(server,    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) if (Known(round, server)) values[++n] = More(round, server)
  return n ? sprintf("%.2f us", Median(values, n)) : "-"
}

function Ratio(    round, n) {
  split("", values)
  for (round = 1; round <= rounds; round++) if (Known(round, "weft") && Known(round, "go")) values[++n] = More(round, "weft") / More(round, "go")
  return n ? sprintf("%.2f (%.2f to %.2f)", Median(values, n), Least(values, n), Most(values, n)) : "-"
}

BEGIN { split(kinds, kind, " ") }

{
  split($2, part, ":")
  requests[$1, part[1], part[2]] += $3
  cpu[$1, part[1], part[2]] += $3 * $4
  if ($1 > rounds) rounds = $1
}

END { printf "weft %s, Go %s, weft / Go %s\n", OfRounds("weft"), OfRounds("go"), Ratio() }
