// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SEMAPHORE_H_
#define WEFT_CONCURRENCY_SEMAPHORE_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft {

class Semaphore;

// Owns tokens of a semaphore, and gives them back at the end of the scope. Move-only. It must not
// outlive the semaphore.
class [[nodiscard]] Permit {
 public:
  Permit() noexcept = default;
  Permit(Permit&& other) noexcept
      : semaphore_(std::exchange(other.semaphore_, nullptr)), n_(std::exchange(other.n_, 0)) {}
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { Release(); }

  // Gives the tokens back now. Calling it again does nothing. Never suspends.
  void Release() noexcept;
  // The number of tokens; 0 after Release.
  std::int64_t Tokens() const { return n_; }

 private:
  friend class Semaphore;
  Permit(Semaphore* semaphore, std::int64_t n) noexcept : semaphore_(semaphore), n_(n) {}

  Semaphore* semaphore_ = nullptr;
  std::int64_t n_ = 0;
};

// A number of tokens that fibers and threads of any loop share, to limit how much of something
// happens at once (Go's semaphore.Weighted). A caller may ask for several tokens, and gets all of
// them or none. To limit how often something happens, use a RateLimiter.
//
//   weft::Error Lookup(const weft::Context& ctx, weft::Semaphore& lookups) {
//     weft::Result<weft::Permit> permit = lookups.Hold(ctx);
//     if (weft::Error err = permit.Err()) return err;
//     return AskTheDatabase(ctx);               // the end of the scope gives the token back
//   }
//
// Callers are served strictly in the order in which they came. A small request waits after a large
// one even if there are enough tokens for it. Otherwise a stream of small requests would starve the
// large one. Only a request for more tokens than the semaphore has is passed over: it waits for its
// context, or for a Resize that makes it fit, and then it is served by its age.
//
// A size below zero aborts, and so does a request or release of less than one token.
class Semaphore {
 public:
  explicit Semaphore(std::int64_t size);
  ~Semaphore() = default;  // there must be no waiters
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Parks until the caller has n tokens, which it gives back by Release. Returns the context's
  // error if that is done first, and then has taken none. Under a context that is already done it
  // fails even if there are tokens.
  Error Acquire(const Context& ctx, std::int64_t n = 1);
  // The same, but the Permit gives the tokens back.
  Result<Permit> Hold(const Context& ctx, std::int64_t n = 1);
  // False: there are not enough tokens, or there are waiters already. Never suspends.
  bool TryAcquire(std::int64_t n = 1);
  // Gives tokens back, from any fiber or thread. Aborts on more tokens than are taken. Never
  // suspends.
  void Release(std::int64_t n = 1);

  // Changes the number of tokens. If more are taken than there are now, no caller gets any until
  // enough have come back. Never suspends.
  void Resize(std::int64_t size);

  // How many tokens there are, and how many are taken at this moment: for metrics.
  std::int64_t Size() const;
  std::int64_t Acquired() const;

 private:
  struct Request;
  class Slow;
  enum class Fast { kGot, kTooFew, kQueued };
  Fast TryFast(std::int64_t n) noexcept;
  bool AcquireSlow(const Context& ctx, std::int64_t n);
  bool TakeIfFirst(std::int64_t n) noexcept WEFT_REQUIRES(lock_);
  void Enter(Request& request) noexcept WEFT_REQUIRES(lock_);
  Request* FirstThatFits() noexcept WEFT_REQUIRES(lock_);
  std::int64_t Free() const noexcept;
  void Serve() noexcept WEFT_REQUIRES(lock_);
  void SortAnew() noexcept WEFT_REQUIRES(lock_);
  bool ReleaseAndServe(std::uint64_t tokens) noexcept;

  // How many tokens are taken, and the top bit while the queue has waiters: then all changes go
  // through the lock. size_ changes only while that bit is set, too.
  static constexpr std::uint64_t kQueued = std::uint64_t{1} << 63;
  std::atomic<std::uint64_t> out_{0};
  std::atomic<std::int64_t> size_;
  mutable internal::SmallLock lock_;
  std::uint64_t arrivals_ WEFT_GUARDED_BY(lock_) = 0;
  // Requests for at most as many tokens as the size, the oldest first.
  internal::List<Request> requests_ WEFT_GUARDED_BY(lock_);
  // Requests for more, kept apart so that serving the others need not step over them.
  internal::List<Request> too_large_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SEMAPHORE_H_
