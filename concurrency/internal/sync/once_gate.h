// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SYNC_ONCE_GATE_H_
#define WEFT_CONCURRENCY_INTERNAL_SYNC_ONCE_GATE_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

class Parker;

// Lets one caller do something while the others wait until it has ended; shared by Once and the once-values.
class OnceGate {
 public:
  explicit OnceGate(const char* name) : name_(name) {}
  OnceGate(const OnceGate&) = delete;
  OnceGate& operator=(const OnceGate&) = delete;

  enum class Turn { kYours, kDone, kContextDone };
  bool Done() const { return state_.load(std::memory_order_acquire) == kDone; }
  // kYours: the caller does it, and then calls Leave. Otherwise another caller has done it, or the context ended first.
  Turn Enter(const Context& ctx);
  // `done` false: it counts as not done, and it is the turn of the next waiter, or caller.
  void Leave(bool done) noexcept;

 private:
  enum State : std::uint32_t { kNew, kRunning, kDone };
  std::optional<Turn> TryEnter() WEFT_REQUIRES(lock_);

  std::atomic<std::uint32_t> state_{kNew};
  SmallLock lock_;  // also guards changes of state_
  const void* runner_ WEFT_GUARDED_BY(lock_) = nullptr;
  const char* const name_;
  List<Parker> waiters_ WEFT_GUARDED_BY(lock_);
};

struct OnceLeave {
  OnceGate& gate;
  bool done = true;
  ~OnceLeave() { gate.Leave(done); }
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SYNC_ONCE_GATE_H_
