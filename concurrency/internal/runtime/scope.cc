// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/scope.h>

#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft {

Scope CurrentScope() noexcept {
  const internal::LoopCore* loop = internal::t_loop;
  if (loop == nullptr) return {};
  const internal::FiberCore* fiber = loop->running();
  return {loop, fiber != nullptr ? fiber->work : 0};
}

ScopedWork::ScopedWork() noexcept : previous_(0) {
  internal::FiberCore* fiber = internal::CurrentFiber();
  if (fiber == nullptr) return;
  previous_ = fiber->work;
  fiber->work = fiber->loop.NextWork();
}

ScopedWork::~ScopedWork() {
  if (internal::FiberCore* fiber = internal::CurrentFiber()) fiber->work = previous_;
}

}  // namespace weft
