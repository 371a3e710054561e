// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/wait_fd.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>

namespace weft::internal {
namespace {

struct OneWait : FdWatch {
  OneWait() : FdWatch(&Ready) {}
  static void Ready(FdWatch* watch, std::uint32_t) { static_cast<OneWait*>(watch)->signal.Notify(); }
  LoopSignal signal;
};

Error WaitInFiber(Loop& loop, const Context& ctx, int fd, FdReady ready, const char* waits_for) {
  OneWait wait;
  const std::uint32_t events = ready == FdReady::kRead ? EPOLLIN : EPOLLOUT;
  Fd second;  // where somebody waits for the other direction of the same descriptor
  Error err = loop.Add(wait, fd, events);
  if (err.Is(std::error_code(EEXIST, std::system_category()))) {
    second = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    fd = second.Get();
    err = loop.Add(wait, fd, events);
  }
  if (err) return err;
  const LoopSignal::Outcome outcome = wait.signal.Wait(ctx, waits_for);
  loop.Remove(wait, fd);
  return outcome == LoopSignal::Outcome::kContextDone ? ctx.Err() : Error();
}

Error WaitOnThread(const Context& ctx, int fd, FdReady ready) {
  constexpr int kLookEveryMs = 10;
  pollfd wanted{fd, static_cast<short>(ready == FdReady::kRead ? POLLIN : POLLOUT), 0};
  for (;;) {
    if (Error err = ctx.Err()) return err;
    const int count = poll(&wanted, 1, kLookEveryMs);
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return std::error_code(errno, std::generic_category());
  }
}

}  // namespace

Error WaitFd(const Context& ctx, int fd, FdReady ready, const char* waits_for) {
  if (Loop* loop = Loop::Current()) return WaitInFiber(*loop, ctx, fd, ready, waits_for);
  return WaitOnThread(ctx, fd, ready);
}

}  // namespace weft::internal
