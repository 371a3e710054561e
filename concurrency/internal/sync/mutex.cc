// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/mutex.h>

#include <algorithm>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/cpu_relax.h>
#include <weft/concurrency/internal/runtime/wait_list.h>
#include <weft/concurrency/resources.h>

namespace weft {

using internal::Parker;

namespace {
constexpr std::int64_t kPatienceNs = 1'000'000;
constexpr std::uint32_t kOwner = Parker::kWoken;         // the mutex was handed over
constexpr std::uint32_t kMayTry = Parker::kWoken + 1;    // it was free a moment ago
constexpr int kSpinRounds = 40;
constexpr int kPausesPerRound = 8;
constexpr std::int32_t kSpinsWorst = -64, kSpinsBest = 16;

// Whether the owner can run while we spin.
bool OthersRunBeside() {
  static const bool many_cpus = UsableCpus() > 1;
  internal::LoopCore* loop = internal::CurrentLoop();
  return many_cpus && (loop == nullptr || loop->Siblings() > 1);
}
}  // namespace

struct Mutex::Waiter : Parker {
  explicit Waiter(std::int64_t since) : Parker("mutex"), loop(internal::CurrentLoop()), since_ns(since) {}
  bool MustBeGiven() const {
    return (loop != nullptr && loop == internal::CurrentLoop()) || internal::NowNs() - since_ns >= kPatienceNs;
  }
  internal::LoopCore* const loop;
  const std::int64_t since_ns;
};

// Takes the mutex, and clears `bits`, if it is free.
bool Mutex::Take(std::uint32_t bits) {
  std::uint32_t state = state_.load(std::memory_order_relaxed);
  while ((state & kHeld) == 0) {
    if (state_.compare_exchange_weak(state, (state & ~bits) | kHeld, std::memory_order_acquire, std::memory_order_relaxed)) return true;
  }
  return false;
}

// True: taken. Otherwise the waiter is in the queue, and the owner knows.
[[gnu::always_inline]] inline bool Mutex::TakeOrEnter(Waiter& waiter, bool again) {
  const std::uint32_t bits = again ? kWoken : 0;
  std::uint32_t state = state_.load(std::memory_order_relaxed);
  std::uint32_t next = 0;
  do {
    next = (state & ~bits) | ((state & kHeld) == 0 ? kHeld : kQueued);
  } while (!state_.compare_exchange_weak(state, next, std::memory_order_acquire, std::memory_order_relaxed));
  if ((state & kHeld) == 0) return true;
  if (again) {
    waiters_.PushFront(waiter);
  } else {
    waiters_.PushBack(waiter);
  }
  return false;
}

[[gnu::always_inline]] inline void Mutex::Leave(Waiter& waiter, std::uint32_t outcome) {
  if (outcome == kOwner) {
    Clear(kResting, std::memory_order_relaxed);
  } else if (outcome != kMayTry) {
    if (waiter.Linked()) waiter.Unlink();
    if (waiters_.Empty()) Clear(kQueued, std::memory_order_relaxed);
  }
}

void Mutex::Clear(std::uint32_t bits, std::memory_order order) { state_.fetch_and(~bits, order); }

void Mutex::LockWithoutContext() { (void)LockSlow(Background()); }

bool Mutex::LockSlow(const Context& ctx) {
  internal::CheckMayBlock("mutex");
  if (Spin(0)) return true;
  const std::int64_t since_ns = internal::NowNs();  // not real time: the seed of an Explore decides everything
  for (bool again = false;; again = true) {
    Waiter waiter(since_ns);
    const std::uint32_t outcome = internal::WaitAs(
        waiter, lock_, ctx, [&]() WEFT_REQUIRES(lock_) { return !TakeOrEnter(waiter, again); },
        [&](std::uint32_t how) WEFT_REQUIRES(lock_) { Leave(waiter, how); });
    if (outcome == internal::kDidNotWait || outcome == kOwner) return true;
    if (outcome != kMayTry) return false;
    if (Spin(kWoken)) return true;
  }
}

// Tries for a moment to take the mutex. `bits` are cleared if that succeeds.
bool Mutex::Spin(std::uint32_t bits) {
  if (bits != 0 && Take(bits)) return true;
  const std::int32_t score = spins_.load(std::memory_order_relaxed);
  if (!OthersRunBeside()) return false;
  if (score < 0) {
    spins_.store(score + 1, std::memory_order_relaxed);
    return false;
  }
  for (int i = 0; i < kSpinRounds; ++i) {
    const std::uint32_t state = state_.load(std::memory_order_relaxed);
    // The waiters in the queue came before us.
    if ((state & (bits == 0 ? kQueued | kResting : kResting)) != 0) return false;
    if ((state & kHeld) == 0 && Take(bits)) {
      spins_.store(std::min(score + 1, kSpinsBest), std::memory_order_relaxed);
      return true;
    }
    for (int p = 0; p < kPausesPerRound; ++p) internal::CpuRelax();
  }
  spins_.store(score > 0 ? score - 4 : kSpinsWorst, std::memory_order_relaxed);
  return false;
}

void Mutex::UnlockSlow() {
  std::uint32_t state = state_.load(std::memory_order_relaxed);
  for (;;) {
    if ((state & kHeld) == 0) internal::AbortMisuse("Mutex::unlock", "it is not locked");
    if ((state & kQueued) != 0 && (state & kWoken) == 0) {
      if (PassOn()) return;
      state = state_.load(std::memory_order_relaxed);
    } else if (state_.compare_exchange_weak(state, state & ~kHeld, std::memory_order_release, std::memory_order_relaxed)) {
      return;
    }
  }
}

// Gives the mutex to the first waiter, or frees it and wakes that one. False: all have given up meanwhile, and it is still ours.
// Then it must not be freed here: another fiber might take, release and destroy it while we hold the lock. Otherwise there
// is a waiter that must take the lock first.
bool Mutex::PassOn() {
  std::lock_guard hold(lock_);
  if (waiters_.Empty()) return false;
  auto pop = [this]() WEFT_REQUIRES(lock_) {
    auto* first = static_cast<Waiter*>(waiters_.PopFront());
    if (waiters_.Empty()) Clear(kQueued, std::memory_order_relaxed);
    return first;
  };
  Waiter* first = pop();
  for (; first != nullptr && first->MustBeGiven(); first = pop()) {
    state_.fetch_or(kResting, std::memory_order_relaxed);
    if (first->Wake(kOwner)) return true;
    Clear(kResting, std::memory_order_relaxed);
  }
  if (first != nullptr) state_.fetch_or(kWoken, std::memory_order_relaxed);
  Clear(kHeld, std::memory_order_release);
  for (; first != nullptr; first = pop()) {
    if (first->Wake(kMayTry)) return true;
  }
  Clear(kWoken, std::memory_order_relaxed);
  return true;
}

}  // namespace weft
