// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/debugger.h>

#include <mutex>

#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

namespace {
constinit SmallLock g_debugger_lock;
}  // namespace

void ShowToDebugger(DebuggerLink& fiber) noexcept {
  std::lock_guard hold(g_debugger_lock);
  fiber.next = weft_fiber_table.newest;
  if (fiber.next != nullptr) fiber.next->previous = &fiber;
  weft_fiber_table.newest = &fiber;
}

void HideFromDebugger(DebuggerLink& fiber) noexcept {
  std::lock_guard hold(g_debugger_lock);
  if (fiber.next != nullptr) fiber.next->previous = fiber.previous;
  (fiber.previous != nullptr ? fiber.previous->next : weft_fiber_table.newest) = fiber.next;
}

}  // namespace weft::internal
