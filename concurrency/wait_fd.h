// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_WAIT_FD_H_
#define WEFT_CONCURRENCY_WAIT_FD_H_

#include <cstdint>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/result.h>

// Waits until a descriptor is ready, for libraries that do their own I/O on descriptors of theirs
// and only ask to be called again, such as libpq and c-ares: the fiber parks, the loop goes on.
//
//   while (PQisBusy(connection)) {
//     weft::Result<weft::FdEvents> ready = weft::WaitFd(ctx, PQsocket(connection), weft::FdEvents::kRead);
//     if (weft::Error err = ready.Err()) return err;
//     if (PQconsumeInput(connection) == 0) return weft::Error::New(PQerrorMessage(connection));
//   }

namespace weft {

namespace internal {
class FdRegistration;
}

// Directions in which a descriptor is ready, or is to be.
enum class FdEvents : std::uint8_t { kRead = 1, kWrite = 2, kReadWrite = 3 };

constexpr FdEvents operator|(FdEvents a, FdEvents b) noexcept {
  return static_cast<FdEvents>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
// Whether `events` has a direction of `which`.
constexpr bool Includes(FdEvents events, FdEvents which) noexcept {
  return (static_cast<unsigned>(events) & static_cast<unsigned>(which)) != 0;
}

struct FdWaitOptions {
  const char* waits_for = "descriptor";  // a literal, for the list of fibers
  // In RunTest: virtual time stands still during the wait, since the kernel and whoever is at the
  // other end work in real time. False where the other end belongs to the test itself and what it
  // writes is there at once, as in a pipe or a unix socket.
  bool holds_time = true;
};

// Waits until the descriptor is ready for one of `events`, and returns for which: what poll(2)
// would say, so a descriptor at its end, or with an error, is ready for whatever was asked. It
// looks first, and returns after a Yield if there is nothing to wait for.
//
// Parks the fiber; a plain thread blocks, and also wakes as soon as the context is done. One fiber
// or thread may wait for each direction of a descriptor at a time. The descriptor stays open until
// this returns; one that was closed meanwhile aborts where that can be noticed. It need not be
// non-blocking. Errors: the context's; std::errc::bad_file_descriptor; those of epoll_ctl(2).
//
// Each wait that parks costs four system calls beside the loop's own: two looks, and an entry in
// the epoll set that comes and goes. An FdWaiter keeps the entry, for a descriptor that is waited
// for again and again.
Result<FdEvents> WaitFd(const Context& ctx, int fd, FdEvents events, const FdWaitOptions& options = {});

// The same for a descriptor that is waited for many times. It keeps its entry in the epoll set of
// the loop that has used it last, so a wait costs only the looks, which are calls of poll(2) that
// never wait. It may be made, used and destroyed on any loop and thread, also after its loop has
// ended; those who wait at the same time, one for each direction, are on the same loop or on plain
// threads.
//
// It does not own the descriptor. Forget comes before anybody closes that, or before this library
// call that does; it may be used again after it, for whatever has the same number then. An entry
// that nobody forgot would never wake anybody again: where that can be noticed, it aborts.
// Libraries may change their descriptor while they connect: use WaitFd until they are done.
//
//   weft::FdWaiter waiter(PQsocket(connection));
//   ...
//   weft::Result<weft::FdEvents> ready = waiter.Wait(ctx, weft::FdEvents::kRead);
//   ...
//   waiter.Forget();
//   PQfinish(connection);
class FdWaiter {
 public:
  explicit FdWaiter(int fd, const FdWaitOptions& options = {}) noexcept : fd_(fd), options_(options) {}
  FdWaiter(FdWaiter&& other) noexcept;  // while nobody waits
  FdWaiter& operator=(FdWaiter&& other) noexcept WEFT_NO_LOCK_ANALYSIS;
  ~FdWaiter() { Forget(); }

  // As WaitFd.
  Result<FdEvents> Wait(const Context& ctx, FdEvents events);
  // For callers whose last attempt has just failed with EAGAIN: spares the look. It may return
  // although nothing is ready, so try again, and come back here if that fails, too. Also for those
  // that have just sent something: an end of the other side that was reported before is not missed.
  Error WaitAfterEagain(const Context& ctx, FdEvents events);
  // Takes the entry out of the epoll set. Never suspends. Aborts while somebody waits.
  void Forget() noexcept;

  int Descriptor() const noexcept { return fd_; }

 private:
  class Visit;
  Error EnterLoop() noexcept WEFT_REQUIRES(lock_);
  internal::FdRegistration* TakeEntry(const char* function) noexcept;

  int fd_;
  FdWaitOptions options_;
  internal::SmallLock lock_;
  internal::FdRegistration* entry_ WEFT_GUARDED_BY(lock_) = nullptr;
  int fibers_ WEFT_GUARDED_BY(lock_) = 0;  // that wait
  int threads_ WEFT_GUARDED_BY(lock_) = 0;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_WAIT_FD_H_
