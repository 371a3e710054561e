// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop_cells.h>

#include "micro/harness.h"

namespace weft::bench {
namespace {

// What a counter of Metrics costs on a loop.
std::int64_t AddToCell(const Context&, std::int64_t n, Meter&) {
  LoopCells cells;
  const LoopCell cell = cells.Take();
  for (std::int64_t i = 0; i < n; ++i) {
    cell.Add();
    asm volatile("" ::: "memory");  // each addition by itself
  }
  Must(cell.Sum() == static_cast<std::uint64_t>(n));
  return n;
}

std::int64_t AddRealToCell(const Context&, std::int64_t n, Meter&) {
  LoopCells cells;
  const LoopCell cell = cells.Take();
  for (std::int64_t i = 0; i < n; ++i) {
    cell.AddReal(0.5);
    asm volatile("" ::: "memory");
  }
  Must(cell.RealSum() > 0);
  return n;
}

const Announce kOperations{{"cell", 1, AddToCell}, {"cell-real", 1, AddRealToCell}};

}  // namespace
}  // namespace weft::bench
