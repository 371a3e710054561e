// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/semaphore.h>

#include <mutex>

#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft {

using internal::AbortMisuse;
using internal::Parker;

struct Semaphore::Request : Parker {
  explicit Request(std::int64_t tokens) : Parker("semaphore"), n(tokens) {}
  const std::int64_t n;
  std::uint64_t arrival = 0;
};

// The lock and kQueued, which sends all others to the lock.
class WEFT_SCOPED_CAPABILITY Semaphore::Slow {
 public:
  explicit Slow(Semaphore& semaphore) WEFT_ACQUIRE(semaphore.lock_) WEFT_NO_LOCK_ANALYSIS : semaphore_(semaphore), hold_(semaphore.lock_) {
    semaphore_.out_.fetch_or(kQueued, std::memory_order_acquire);
  }
  ~Slow() WEFT_RELEASE() WEFT_NO_LOCK_ANALYSIS {
    if (semaphore_.requests_.Empty() && semaphore_.too_large_.Empty()) semaphore_.out_.fetch_and(~kQueued, std::memory_order_release);
  }
  Slow(const Slow&) = delete;
  Slow& operator=(const Slow&) = delete;

 private:
  Semaphore& semaphore_;
  std::lock_guard<internal::SmallLock> hold_;
};

namespace {
void CheckTokens(const char* function, std::int64_t n) {
  if (n < 1) AbortMisuse(function, "the number of tokens must be at least 1");
}
std::int64_t CheckedSize(const char* function, std::int64_t size) {
  if (size < 0) AbortMisuse(function, "the size must not be negative");
  return size;
}
}  // namespace

Semaphore::Semaphore(std::int64_t size) : size_(CheckedSize("Semaphore", size)) {}

bool Semaphore::TryAcquire(std::int64_t n) {
  CheckTokens("Semaphore::TryAcquire", n);
  const Fast fast = TryFast(n);
  if (fast != Fast::kQueued) return fast == Fast::kGot;
  const Slow slow(*this);
  return TakeIfFirst(n);
}

Semaphore::Fast Semaphore::TryFast(std::int64_t n) noexcept {
  std::uint64_t out = out_.load(std::memory_order_relaxed);
  do {
    if ((out & kQueued) != 0) return Fast::kQueued;
    if (n > size_.load(std::memory_order_relaxed) - static_cast<std::int64_t>(out)) return Fast::kTooFew;
  } while (!out_.compare_exchange_weak(out, out + static_cast<std::uint64_t>(n), std::memory_order_acquire, std::memory_order_relaxed));
  return Fast::kGot;
}

Error Semaphore::Acquire(const Context& ctx, std::int64_t n) {
  CheckTokens("Semaphore::Acquire", n);
  internal::ExplorePoint();
  if (Error err = ctx.Err()) return err;
  if (TryFast(n) == Fast::kGot || AcquireSlow(ctx, n)) return {};
  return ctx.Err();
}

Result<Permit> Semaphore::Hold(const Context& ctx, std::int64_t n) {
  if (Error err = Acquire(ctx, n)) return err;
  return Permit(this, n);
}

bool Semaphore::AcquireSlow(const Context& ctx, std::int64_t n) {
  Request request(n);
  const std::uint32_t outcome = internal::WaitAs<Slow>(
      request, *this, ctx,
      [&]() WEFT_REQUIRES(lock_) {
        if (TakeIfFirst(n)) return false;
        Enter(request);
        return true;
      },
      [&](std::uint32_t how) WEFT_REQUIRES(lock_) {
        if (how == Parker::kWoken) return;
        if (request.Linked()) request.Unlink();
        Serve();  // those after us
      });
  return outcome == internal::kDidNotWait || outcome == Parker::kWoken;
}

// With Slow held.
bool Semaphore::TakeIfFirst(std::int64_t n) noexcept {
  if (FirstThatFits() != nullptr || n > Free()) return false;
  out_.fetch_add(static_cast<std::uint64_t>(n), std::memory_order_relaxed);
  return true;
}

std::int64_t Semaphore::Free() const noexcept { return size_.load(std::memory_order_relaxed) - Acquired(); }

void Semaphore::Enter(Request& request) noexcept {
  request.arrival = arrivals_++;
  internal::List<Request>& queue = request.n > size_.load(std::memory_order_relaxed) ? too_large_ : requests_;
  queue.PushBack(request);
}

// Removes those that have given up but have not run since. They will find nothing to leave, but serve all the same. So if many
// give up at once, each is visited once, and not by each of the others.
Semaphore::Request* Semaphore::FirstThatFits() noexcept {
  while (Request* first = requests_.Front()) {
    if (first->Undecided()) return first;
    first->Unlink();
  }
  return nullptr;
}

// After a change of the size: each request into the list where it belongs now, by its age.
void Semaphore::SortAnew() noexcept {
  internal::List<Request> all;
  while (!requests_.Empty() || !too_large_.Empty()) {
    const bool fitted = too_large_.Empty() || (!requests_.Empty() && requests_.Front()->arrival < too_large_.Front()->arrival);
    all.PushBack(*(fitted ? requests_ : too_large_).PopFront());
  }
  while (Request* request = all.PopFront()) {
    (request->n > size_.load(std::memory_order_relaxed) ? too_large_ : requests_).PushBack(*request);
  }
}

void Semaphore::Serve() noexcept {
  for (;;) {
    Request* request = FirstThatFits();
    if (request == nullptr || request->n > Free()) return;
    const auto n = static_cast<std::uint64_t>(request->n);
    request->Unlink();
    out_.fetch_add(n, std::memory_order_relaxed);
    if (!request->Wake()) out_.fetch_sub(n, std::memory_order_relaxed);  // it gave up just now
  }
}

void Semaphore::Release(std::int64_t n) {
  CheckTokens("Semaphore::Release", n);
  const auto tokens = static_cast<std::uint64_t>(n);
  std::uint64_t out = out_.load(std::memory_order_relaxed);
  for (;;) {
    if ((out & ~kQueued) < tokens) AbortMisuse("Semaphore::Release", "more tokens than were acquired");
    if ((out & kQueued) != 0) {
      if (ReleaseAndServe(tokens)) return;
      out = out_.load(std::memory_order_relaxed);
    } else if (out_.compare_exchange_weak(out, out - tokens, std::memory_order_release, std::memory_order_relaxed)) {
      return;
    }
  }
}

// False: all have given up meanwhile. Then nothing is released here: with the tokens, a fiber that does not take the lock
// could destroy the semaphore under us.
bool Semaphore::ReleaseAndServe(std::uint64_t tokens) noexcept {
  const Slow slow(*this);
  if (requests_.Empty() && too_large_.Empty()) return false;
  if (static_cast<std::uint64_t>(Acquired()) < tokens) AbortMisuse("Semaphore::Release", "more tokens than were acquired");
  out_.fetch_sub(tokens, std::memory_order_relaxed);
  Serve();
  return true;
}

void Semaphore::Resize(std::int64_t size) {
  const Slow slow(*this);
  size_.store(CheckedSize("Semaphore::Resize", size), std::memory_order_relaxed);
  SortAnew();
  Serve();
}

std::int64_t Semaphore::Size() const { return size_.load(std::memory_order_relaxed); }
std::int64_t Semaphore::Acquired() const { return static_cast<std::int64_t>(out_.load(std::memory_order_relaxed) & ~kQueued); }

Permit& Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  Release();
  semaphore_ = std::exchange(other.semaphore_, nullptr);
  n_ = std::exchange(other.n_, 0);
  return *this;
}

void Permit::Release() noexcept {
  if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->Release(std::exchange(n_, 0));
}

}  // namespace weft
