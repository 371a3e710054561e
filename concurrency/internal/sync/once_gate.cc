// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/sync/once_gate.h>

#include <mutex>

#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft::internal {

namespace {
constexpr std::uint32_t kTurn = Parker::kWoken + 1;

// Identifies the caller: a fiber, or a thread outside of fibers.
const void* Self() {
  static constinit thread_local char thread = 0;
  FiberCore* fiber = CurrentFiber();
  return fiber != nullptr ? static_cast<const void*>(fiber) : &thread;
}
}  // namespace

// Under the lock. Empty: another caller runs.
std::optional<OnceGate::Turn> OnceGate::TryEnter() {
  const std::uint32_t state = state_.load(std::memory_order_relaxed);
  if (state == kDone) return Turn::kDone;
  if (state == kRunning) return {};
  state_.store(kRunning, std::memory_order_relaxed);
  runner_ = Self();
  return Turn::kYours;
}

OnceGate::Turn OnceGate::Enter(const Context& ctx) {
  ExplorePoint();
  {
    std::lock_guard hold(lock_);
    if (auto turn = TryEnter()) return *turn;
    if (runner_ == Self()) AbortMisuse(name_, "called by its own function: it would wait for itself");
  }
  std::optional<Turn> turn;
  const auto look = [&]() WEFT_REQUIRES(lock_) { return (turn = TryEnter()).has_value(); };
  const std::uint32_t outcome = WaitInList(lock_, waiters_, name_, ctx, look, [&](std::uint32_t how) WEFT_REQUIRES(lock_) {
    if (how == kTurn) runner_ = Self();
  });
  if (outcome == kDidNotWait) return *turn;
  if (outcome == kTurn) return Turn::kYours;
  return outcome == Parker::kWoken ? Turn::kDone : Turn::kContextDone;
}

void OnceGate::Leave(bool done) noexcept {
  std::lock_guard hold(lock_);
  runner_ = nullptr;
  if (!done) {
    while (Parker* next = waiters_.PopFront()) {
      if (next->Wake(kTurn)) return;  // still running: it continues with that one
    }
    state_.store(kNew, std::memory_order_relaxed);
    return;
  }
  state_.store(kDone, std::memory_order_release);
  while (Parker* waiter = waiters_.PopFront()) waiter->Wake();
}

}  // namespace weft::internal
