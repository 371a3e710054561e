// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/fiber_job.h>

#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft {

std::uint64_t CurrentFiberId() noexcept {
  const internal::FiberCore* fiber = internal::CurrentFiber();
  return fiber != nullptr ? fiber->record.Id() : 0;
}

void SetFiberName(std::string_view name) noexcept {
  if (internal::FiberCore* fiber = internal::CurrentFiber()) fiber->record.Rename(name);
}

}  // namespace weft
