// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_WAIT_FD_H_
#define WEFT_CONCURRENCY_WAIT_FD_H_

#include <cstdint>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/result.h>

// Waits until a file descriptor is ready, like poll(2), but parks the fiber instead of blocking the
// loop. For libraries that do I/O on descriptors of their own, and only ask to be called again when
// one is ready, such as libpq and c-ares.
//
//   weft::Error Finish(const weft::Context& ctx, ForeignConnection& connection) {
//     while (connection.Busy()) {
//       auto ready = weft::WaitFd(ctx, connection.Socket(), weft::FdEvents::kRead);
//       if (weft::Error err = ready.Err()) return err;
//       if (!connection.ConsumeInput()) return weft::Error::New(connection.ErrorText());
//     }
//     return {};
//   }

namespace weft {

namespace internal {
class FdRegistration;
}

// The directions in which a descriptor is ready, or should be.
enum class FdEvents : std::uint8_t { kRead = 1, kWrite = 2, kReadWrite = 3 };

constexpr FdEvents operator|(FdEvents a, FdEvents b) noexcept {
  return static_cast<FdEvents>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
// Whether `events` has a direction of `which`.
constexpr bool Includes(FdEvents events, FdEvents which) noexcept {
  return (static_cast<unsigned>(events) & static_cast<unsigned>(which)) != 0;
}

struct FdWaitOptions {
  // A literal that fiber lists show.
  const char* waits_for = "descriptor";
  // In RunTest: whether virtual time stands still during the wait, because the kernel and the other
  // end take real time. Set it to false if the other end belongs to the test itself and what it
  // writes is there at once, as with a pipe or a Unix-domain socket.
  bool holds_time = true;
};

// Waits until the descriptor is ready in one of the directions, and returns in which ones. That is
// what poll(2) would say: a descriptor at its end of file, or with an error, is ready in all
// directions that were asked for. It checks first; if there is nothing to wait for, it returns
// after a Yield.
//
// Parks the fiber. A plain thread blocks, and also wakes up as soon as the context is done. At a
// time, one fiber or thread may wait for each direction of a descriptor. The descriptor must stay
// open until this returns; if it was closed meanwhile and that can be noticed, the process aborts.
// It need not be non-blocking. Errors: the context's; std::errc::bad_file_descriptor; those of
// epoll_ctl(2).
//
// A wait that parks costs four system calls in addition to the loop's own: two to check the
// descriptor, and two to add and remove an entry in the epoll set. FdWaiter keeps the entry, for
// descriptors that are waited for again and again.
Result<FdEvents> WaitFd(const Context& ctx, int fd, FdEvents events,
                        const FdWaitOptions& options = {});

// The same for a descriptor that is waited for many times. It keeps an entry in the epoll set of
// the loop that used it last, so a wait costs only the checks, which are calls of poll(2) that
// never block.
//
//   class Client {
//    public:
//     ~Client() {
//       waiter_.Forget();                         // before the descriptor is closed
//       connection_.Close();
//     }
//     weft::Error WaitForInput(const weft::Context& ctx) {
//       return waiter_.Wait(ctx, weft::FdEvents::kRead).Err();
//     }
//
//    private:
//     ForeignConnection connection_;
//     weft::FdWaiter waiter_{connection_.Socket()};
//   };
//
// It does not own the descriptor. Call Forget before the descriptor is closed, or before the call
// of the library that closes it. After that it may be used again, for whatever descriptor has the
// same number then. An entry that is not forgotten would never wake a waiter again; if that can be
// noticed, the process aborts. Some libraries change their descriptor while they connect: use
// WaitFd until they are done.
//
// It may be made, used and destroyed on any loop and thread, even after its loop has ended. Callers
// that wait at the same time, one for each direction, must be on the same loop or on plain threads.
class FdWaiter {
 public:
  explicit FdWaiter(int fd, const FdWaitOptions& options = {}) noexcept
      : fd_(fd), options_(options) {}
  FdWaiter(FdWaiter&& other) noexcept;  // while there is no waiter
  FdWaiter& operator=(FdWaiter&& other) noexcept WEFT_NO_LOCK_ANALYSIS;
  ~FdWaiter() { Forget(); }

  // Waits as WaitFd does.
  Result<FdEvents> Wait(const Context& ctx, FdEvents events);
  // The same without the first check, for callers whose last attempt has just failed with EAGAIN.
  // It may return although nothing is ready: try again, and if that fails, wait again. Callers that
  // have just sent something may use it as well: if the other side has closed, and that was
  // reported before, it is not missed.
  Error WaitAfterEagain(const Context& ctx, FdEvents events);
  // Removes the entry from the epoll set. Aborts if there is a waiter. Never suspends.
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
