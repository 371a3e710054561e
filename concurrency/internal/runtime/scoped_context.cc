// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/scoped_context.h>

#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft {

namespace {
// Where the current context of this fiber, or of this plain thread, is kept.
const Context*& CurrentContextPlace() noexcept {
  static thread_local const Context* of_thread = nullptr;
  internal::FiberCore* fiber = internal::CurrentFiber();
  return fiber != nullptr ? fiber->context : of_thread;
}
}  // namespace

ScopedContext::ScopedContext(const Context& ctx) noexcept : place_(CurrentContextPlace()), previous_(place_) { place_ = &ctx; }
ScopedContext::~ScopedContext() { place_ = previous_; }

Context CurrentContext() {
  const Context* context = CurrentContextPlace();
  return context != nullptr ? *context : Background();
}

}  // namespace weft
