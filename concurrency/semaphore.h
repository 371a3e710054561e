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

// Tokens that are given back at the end of the scope, or earlier by Release. Move-only; must not
// outlive the semaphore.
class [[nodiscard]] Permit {
 public:
  Permit() noexcept = default;
  Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)), n_(std::exchange(other.n_, 0)) {}
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { Release(); }

  void Release() noexcept;                     // again: does nothing
  std::int64_t Tokens() const { return n_; }  // 0 after Release

 private:
  friend class Semaphore;
  Permit(Semaphore* semaphore, std::int64_t n) noexcept : semaphore_(semaphore), n_(n) {}

  Semaphore* semaphore_ = nullptr;
  std::int64_t n_ = 0;
};

// A number of tokens that fibers and threads of any loop share: bounds how much of something goes
// on at once (Go's semaphore.Weighted). A request may ask for several tokens and gets all of them
// or none.
//
// Requests are served strictly in the order in which they came. A small one waits behind a large
// one although there are tokens for it, on purpose: otherwise a stream of small ones would starve
// the large one. Only a request for more tokens than the size is passed over: it waits for its
// context, or for a Resize that makes it fit, which gives it its turn by its age.
//
//   weft::Semaphore lookups(8);
//   weft::Result<weft::Permit> permit = lookups.Hold(ctx);
//   if (weft::Error err = permit.Err()) return err;
//   ...                                         // at most 8 at once; the token goes back at the end of the scope
//
// A size below zero and a request or release of less than one token abort.
class Semaphore {
 public:
  explicit Semaphore(std::int64_t size);
  ~Semaphore() = default;  // nobody may wait any more
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Parks until it has n tokens. Returns the context's error if that is done first, and then has
  // none; under a done context it fails also when there are tokens.
  Error Acquire(const Context& ctx, std::int64_t n = 1);
  // The same, but the tokens go back by themselves.
  Result<Permit> Hold(const Context& ctx, std::int64_t n = 1);
  // Never suspends. False: there are not enough tokens, or somebody waits for them already.
  bool TryAcquire(std::int64_t n = 1);
  // Gives tokens back; any fiber or thread may do it. More than are out abort. Never suspends.
  void Release(std::int64_t n = 1);

  // Sets how many tokens there are. When the size shrinks below what is out, nobody gets any until
  // enough came back.
  void Resize(std::int64_t size);

  // A picture of one moment, for metrics.
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

  // How many tokens are out, and the top bit while somebody is queued: then all changes go through
  // the lock. size_ changes only while the bit is set, too.
  static constexpr std::uint64_t kQueued = std::uint64_t{1} << 63;
  std::atomic<std::uint64_t> out_{0};
  std::atomic<std::int64_t> size_;
  mutable internal::SmallLock lock_;
  std::uint64_t arrivals_ WEFT_GUARDED_BY(lock_) = 0;
  internal::List<Request> requests_ WEFT_GUARDED_BY(lock_);   // for no more tokens than the size, the oldest first
  internal::List<Request> too_large_ WEFT_GUARDED_BY(lock_);  // for more: apart, so that nobody has to look at them in passing
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SEMAPHORE_H_
