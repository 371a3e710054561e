# SPDX-License-Identifier: Apache-2.0
# Reads the rows "name goal title" of the table, where a goal is a ratio to Go, as "500ns" a time, or "-", and then lines "round name side ns cpu_ns wall_ns", one for each slice. Prints
# one line for each operation: medians over the rounds of the medians of a round's slices, and of the ratios within a
# round. Needs median.awk.

# The median of a field over the slices of a round.
function OfRound(name, side, round, field,    values, i, n) {
  n = slices[name, side, round]
  for (i = 1; i <= n; i++) values[i] = slice[name, side, round, i, field]
  return Median(values, n)
}

# The median over the rounds; empty if it was not measured.
function Time(name, side,    values, round, n) {
  for (round = 1; round <= rounds; round++) {
    if ((name, side, round) in slices) values[++n] = OfRound(name, side, round, 4)
  }
  return n ? Median(values, n) : ""
}

function Nanoseconds(name, side,    time) {
  time = Time(name, side)
  return time == "" ? "-" : sprintf(time < 1000 ? "%.1f" : "%.0f", time)
}

function Met(name, goal, ratios_count) {
  if (goal ~ /ns$/) return Time(name, "weft") <= goal + 0 ? "yes" : "NO"
  if (!ratios_count || goal == "-") return ""
  return Median(ratios, ratios_count) <= goal ? "yes" : "NO"
}

# The cores that it kept busy on the average: CPU time by time on the wall.
function Busy(name, side,    values, round, n) {
  for (round = 1; round <= rounds; round++) {
    if ((name, side, round) in slices) values[++n] = OfRound(name, side, round, 5) / OfRound(name, side, round, 6)
  }
  return n ? sprintf("%.2f", Median(values, n)) : "-"
}

# Fills ratios[1..n] with weft / Go of each round and returns n.
function Ratios(name,    round, n) {
  split("", ratios)
  for (round = 1; round <= rounds; round++) {
    if ((name, "weft", round) in slices && (name, "go", round) in slices) {
      ratios[++n] = OfRound(name, "weft", round, 4) / OfRound(name, "go", round, 4)
    }
  }
  return n + 0
}

FNR == NR {
  order[++rows] = $1
  goal[$1] = $2
  title[$1] = $3
  for (i = 4; i <= NF; i++) title[$1] = title[$1] " " $i
  next
}

{
  i = ++slices[$2, $3, $1]
  for (field = 4; field <= 6; field++) slice[$2, $3, $1, i, field] = $field
  known[$2] = 1
  if ($1 > rounds) rounds = $1
}

END {
  line = "%-38s %9s %9s %21s %5s %-4s %11s\n"
  printf line, "operation", "weft ns", "Go ns", "weft / Go", "goal", "met?", "busy"
  for (row = 1; row <= rows; row++) {
    name = order[row]
    if (!(name in known)) continue
    n = Ratios(name)
    ratio = n ? sprintf("%.2f (%.2f to %.2f)", Median(ratios, n), Least(ratios, n), Most(ratios, n)) : "-"
    printf line, title[name], Nanoseconds(name, "weft"), Nanoseconds(name, "go"), ratio, goal[name], Met(name, goal[name], n),
      Busy(name, "weft") ", " Busy(name, "go")
  }
}
