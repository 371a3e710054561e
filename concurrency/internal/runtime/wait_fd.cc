// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/wait_fd.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <weft/concurrency/internal/runtime/fd_registration.h>
#include <weft/concurrency/internal/runtime/park.h>

namespace weft {

using internal::FdRegistration;

namespace {

Error FromErrno(int number) { return std::error_code(number, std::generic_category()); }

Error OfDescriptor(const Error& error, int fd) { return error.Wrap("wait for descriptor " + std::to_string(fd)); }

pollfd Wanted(int fd, FdEvents events) {
  const int bits = (Includes(events, FdEvents::kRead) ? POLLIN : 0) | (Includes(events, FdEvents::kWrite) ? POLLOUT : 0);
  return {fd, static_cast<short>(bits), 0};
}

// What poll(2) has said, if anything.
std::optional<Result<FdEvents>> Verdict(const pollfd& seen, FdEvents events) {
  if (seen.revents == 0) return std::nullopt;
  if ((seen.revents & POLLNVAL) != 0) return Result<FdEvents>(OfDescriptor(FromErrno(EBADF), seen.fd));
  constexpr int kEnds = POLLHUP | POLLERR;
  auto ready = FdEvents();
  if (Includes(events, FdEvents::kRead) && (seen.revents & (POLLIN | kEnds)) != 0) ready = ready | FdEvents::kRead;
  if (Includes(events, FdEvents::kWrite) && (seen.revents & (POLLOUT | kEnds)) != 0) ready = ready | FdEvents::kWrite;
  return Result<FdEvents>(ready);
}

std::optional<Result<FdEvents>> Look(int fd, FdEvents events) {
  if (fd < 0) return Result<FdEvents>(OfDescriptor(FromErrno(EBADF), fd));
  pollfd wanted = Wanted(fd, events);
  while (poll(&wanted, 1, 0) < 0) {
    if (errno != EINTR) return Result<FdEvents>(OfDescriptor(FromErrno(errno), fd));
  }
  return Verdict(wanted, events);
}

// A descriptor that becomes readable when a context is done, so that a thread in poll(2) wakes.
class ContextBell {
 public:
  explicit ContextBell(const Context& ctx) : canceler_(ContextAccess::Canceler(ctx)) {
    if (canceler_ == nullptr) return;
    link_.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    link_.fire = [](internal::ContextWaiter* waiter) { Ring(static_cast<Link*>(waiter)->fd); };
    if (link_.fd >= 0) linked_ = canceler_->Add(link_);
    if (link_.fd >= 0 && !linked_) Ring(link_.fd);
  }
  ~ContextBell() {
    if (linked_) canceler_->Remove(link_);
    if (link_.fd >= 0) close(link_.fd);
  }
  ContextBell(const ContextBell&) = delete;
  ContextBell& operator=(const ContextBell&) = delete;

  bool Failed() const { return canceler_ != nullptr && link_.fd < 0; }
  int Descriptor() const { return link_.fd; }
  // The time until the deadline; null: unlimited.
  const timespec* UntilDeadline(timespec& room) const {
    const std::int64_t deadline = canceler_ != nullptr ? canceler_->DeadlineNs() : internal::kNever;
    if (deadline == internal::kNever) return nullptr;
    const std::int64_t left = std::max<std::int64_t>(internal::BetweenNs(internal::NowNs(), deadline), 0);
    room = {static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    return &room;
  }

 private:
  struct Link : internal::ContextWaiter {
    int fd = -1;
  };
  static void Ring(int fd) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(fd, &one, sizeof(one));
  }

  internal::ContextNode* const canceler_;
  Link link_;
  bool linked_ = false;
};

Result<FdEvents> WaitOnThread(const Context& ctx, int fd, FdEvents events) {
  const ContextBell bell(ctx);
  if (bell.Failed()) return OfDescriptor(FromErrno(errno), fd);
  for (;;) {
    if (Error err = ctx.Err()) return err;
    pollfd both[] = {Wanted(fd, events), {bell.Descriptor(), POLLIN, 0}};
    timespec room;
    if (ppoll(both, 2, bell.UntilDeadline(room), nullptr) < 0 && errno != EINTR) return OfDescriptor(FromErrno(errno), fd);
    if (auto verdict = Verdict(both[0], events)) return *verdict;
  }
}

// Called before any wait: checks that the caller may wait, and for something.
Error Check(const char* function, const Context& ctx, FdEvents events) {
  internal::CheckMayBlock(function);
  if (!Includes(events, FdEvents::kReadWrite)) internal::AbortMisuse(function, "it must wait for reading, for writing or for both");
  return ctx.Err();
}

// The case that needs no wait. A descriptor that is always ready must not keep others of its loop from their turn.
std::optional<Result<FdEvents>> LookFirst(int fd, FdEvents events) {
  auto verdict = Look(fd, events);
  if (verdict && internal::CurrentFiber() != nullptr) internal::YieldFiber();
  return verdict;
}

// In a fiber of the entry's loop: waits until a check finds it ready, or the context is done.
Result<FdEvents> WaitInFiber(const Context& ctx, FdRegistration& entry, int fd, FdEvents events, const FdWaitOptions& options) {
  for (;;) {
    entry.Park(ctx, events, options);
    if (auto verdict = Look(fd, events)) return *verdict;
    if (Error err = ctx.Err()) return err;
  }
}

}  // namespace

Result<FdEvents> WaitFd(const Context& ctx, int fd, FdEvents events, const FdWaitOptions& options) {
  if (Error err = Check("WaitFd", ctx, events)) return err;
  if (auto verdict = LookFirst(fd, events)) return *verdict;
  if (internal::CurrentLoop() == nullptr) return WaitOnThread(ctx, fd, events);
  Error failure;
  FdRegistration* entry = FdRegistration::Make(fd, events, failure);
  if (entry == nullptr) return OfDescriptor(failure, fd);
  Result<FdEvents> ready = WaitInFiber(ctx, *entry, fd, events, options);
  FdRegistration::End(entry);
  return ready;
}

FdWaiter::FdWaiter(FdWaiter&& other) noexcept : fd_(other.fd_), options_(other.options_), entry_(other.TakeEntry("FdWaiter")) {}

FdWaiter& FdWaiter::operator=(FdWaiter&& other) noexcept {
  if (this == &other) return *this;
  Forget();
  fd_ = other.fd_;
  options_ = other.options_;
  entry_ = other.TakeEntry("FdWaiter");
  return *this;
}

// One wait. It is counted and, in a fiber, has an entry of the fiber's loop.
class FdWaiter::Visit {
 public:
  explicit Visit(FdWaiter& waiter) : waiter_(waiter), in_fiber_(internal::CurrentLoop() != nullptr) {
    std::lock_guard hold(waiter_.lock_);
    if (in_fiber_) failure_ = waiter_.EnterLoop();
    entry_ = in_fiber_ ? waiter_.entry_ : nullptr;
    Count(1);
  }
  ~Visit() {
    std::lock_guard hold(waiter_.lock_);
    Count(-1);
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  const Error& Failure() const { return failure_; }
  FdRegistration* Entry() const { return entry_; }  // null: on a plain thread

 private:
  void Count(int n) WEFT_REQUIRES(waiter_.lock_) { (in_fiber_ ? waiter_.fibers_ : waiter_.threads_) += n; }

  FdWaiter& waiter_;
  const bool in_fiber_;
  FdRegistration* entry_ = nullptr;
  Error failure_;
};

// Under the lock: has an entry of this loop, and of no other one.
Error FdWaiter::EnterLoop() noexcept {
  if (entry_ != nullptr && entry_->Home() != internal::CurrentLoop()) {
    if (fibers_ != 0) internal::AbortMisuse("FdWaiter::Wait", "a fiber of another loop is waiting: fibers that wait at the same time must be on one loop");
    FdRegistration::End(std::exchange(entry_, nullptr));
  }
  Error failure;
  if (entry_ == nullptr) entry_ = FdRegistration::Make(fd_, FdEvents::kRead, failure);
  return failure ? OfDescriptor(failure, fd_) : Error();
}

Result<FdEvents> FdWaiter::Wait(const Context& ctx, FdEvents events) {
  if (Error err = Check("FdWaiter::Wait", ctx, events)) return err;
  if (auto verdict = LookFirst(fd_, events)) return *verdict;
  const Visit visit(*this);
  if (Error err = visit.Failure()) return err;
  if (visit.Entry() == nullptr) return WaitOnThread(ctx, fd_, events);
  return WaitInFiber(ctx, *visit.Entry(), fd_, events, options_);
}

Error FdWaiter::WaitAfterEagain(const Context& ctx, FdEvents events) {
  if (Error err = Check("FdWaiter::WaitAfterEagain", ctx, events)) return err;
  const Visit visit(*this);
  if (Error err = visit.Failure()) return err;
  if (visit.Entry() == nullptr) return WaitOnThread(ctx, fd_, events).Err();
  return visit.Entry()->Park(ctx, events, options_) ? Error() : ctx.Err();
}

void FdWaiter::Forget() noexcept {
  FdRegistration* entry = TakeEntry("FdWaiter::Forget");
  if (entry != nullptr) FdRegistration::End(entry);
}

FdRegistration* FdWaiter::TakeEntry(const char* function) noexcept {
  std::lock_guard hold(lock_);
  if (fibers_ + threads_ != 0) internal::AbortMisuse(function, "a fiber or thread is waiting for its descriptor: end that wait first, by its context");
  return std::exchange(entry_, nullptr);
}

}  // namespace weft
