// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_DEBUGGER_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_DEBUGGER_H_

#include <cstdint>

namespace weft::internal {

// A fiber in the list of all existing fibers, whether they have a job or not.
struct DebuggerLink {
  DebuggerLink* previous = nullptr;
  DebuggerLink* next = nullptr;
  std::uint64_t loop_index = 0;
};

// What scripts/gdb/weft.py reads, under the name weft_fiber_table. A release build has no information about types, so numbers say
// where in a fiber things are; the script knows their order. Any change must raise the version in both.
struct FiberTable {
  std::uint64_t version;
  std::uint64_t link, id, parent, state, waits_for, started, name, name_bytes, saved;
  DebuggerLink* newest;
};

extern "C" FiberTable weft_fiber_table;  // fiber_layout.cc

// Once for each fiber that is made, and when it is unmade. From any thread.
void ShowToDebugger(DebuggerLink& fiber) noexcept;
void HideFromDebugger(DebuggerLink& fiber) noexcept;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_DEBUGGER_H_
