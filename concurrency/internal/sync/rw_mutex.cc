// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/rw_mutex.h>

#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft {

using internal::Parker;

struct RWMutex::Waiter : Parker {
  explicit Waiter(bool to_write) : Parker(to_write ? "rw mutex, to write" : "rw mutex, to read"), writes(to_write) {}
  const bool writes;
};

Error RWMutex::Lock(const Context& ctx) {
  internal::ExplorePoint();
  if (Error err = ctx.Err()) return err;
  if (try_lock() || Wait(ctx, true)) return {};
  return ctx.Err();
}

Error RWMutex::RLock(const Context& ctx) {
  internal::ExplorePoint();
  if (Error err = ctx.Err()) return err;
  if (try_lock_shared() || Wait(ctx, false)) return {};
  return ctx.Err();
}

Result<std::unique_lock<RWMutex>> RWMutex::Acquire(const Context& ctx) {
  if (Error err = Lock(ctx)) return err;
  return std::unique_lock<RWMutex>(*this, std::adopt_lock);
}

Result<std::shared_lock<RWMutex>> RWMutex::RAcquire(const Context& ctx) {
  if (Error err = RLock(ctx)) return err;
  return std::shared_lock<RWMutex>(*this, std::adopt_lock);
}

void RWMutex::WaitForWriting() { (void)Wait(Background(), true); }
void RWMutex::WaitForReading() { (void)Wait(Background(), false); }

// True: taken. Otherwise the waiter is in the queue, and the holder of the lock knows.
bool RWMutex::TakeOrEnter(Waiter& waiter) {
  std::uint32_t state = state_.load(std::memory_order_relaxed);
  for (;;) {
    const bool free = waiter.writes ? state == 0 : (state & (kWriter | kQueued)) == 0;
    const std::uint32_t next = !free ? state | kQueued : waiter.writes ? kWriter : state + kReader;
    if (!state_.compare_exchange_weak(state, next, std::memory_order_acquire, std::memory_order_relaxed)) continue;
    if (!free) waiters_.PushBack(waiter);
    return free;
  }
}

// False: the context is done.
bool RWMutex::Wait(const Context& ctx, bool writes) {
  Waiter waiter(writes);
  const std::uint32_t outcome = internal::WaitAs(
      waiter, lock_, ctx, [&]() WEFT_REQUIRES(lock_) { return !TakeOrEnter(waiter); },
      [&](std::uint32_t) WEFT_REQUIRES(lock_) {
        if (!waiter.Linked()) return;
        waiter.Unlink();
        LetIn();
      });
  return outcome == internal::kDidNotWait || outcome == Parker::kWoken;
}

// Lets in the waiters at the front of the queue that can be let in. Under the lock, with kQueued set.
void RWMutex::LetIn() {
  while (auto* first = static_cast<Waiter*>(waiters_.Front())) {
    const std::uint32_t state = state_.load(std::memory_order_acquire);
    if ((state & kWriter) != 0 || (first->writes && state >= kReader)) return;
    const std::uint32_t share = first->writes ? kWriter : kReader;
    state_.fetch_add(share, std::memory_order_acq_rel);
    waiters_.PopFront();
    // It has given up: the share goes to the next one.
    if (!first->Wake()) state_.fetch_sub(share, std::memory_order_acq_rel);
  }
  state_.fetch_and(~kQueued, std::memory_order_relaxed);
}

void RWMutex::UnlockSlow() {
  for (;;) {
    std::uint32_t expected = kWriter;
    if (state_.compare_exchange_strong(expected, 0, std::memory_order_release, std::memory_order_relaxed)) return;
    if ((expected & kWriter) == 0) internal::AbortMisuse("RWMutex::unlock", "it is not locked for writing");
    std::lock_guard hold(lock_);
    // All have given up meanwhile. It is not released here, where the next owner could destroy the mutex under us. With a waiter in the
    // queue it cannot, because that waiter must take the lock first.
    if (waiters_.Empty()) continue;
    state_.fetch_and(~kWriter, std::memory_order_release);
    LetIn();
    return;
  }
}

void RWMutex::UnlockSharedSlow() {
  for (;;) {
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    while (state >= kReader && state != (kReader | kQueued)) {
      if (state_.compare_exchange_weak(state, state - kReader, std::memory_order_release, std::memory_order_relaxed)) return;
    }
    if (state < kReader) internal::AbortMisuse("RWMutex::unlock_shared", "it is not locked for reading");
    std::lock_guard hold(lock_);
    // As in UnlockSlow; or other readers have come in meanwhile.
    if (state_.load(std::memory_order_relaxed) != (kReader | kQueued)) continue;
    state_.fetch_sub(kReader, std::memory_order_release);
    LetIn();
    return;
  }
}

}  // namespace weft
