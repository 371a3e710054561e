// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/connect.h>

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <weft/concurrency/wait_fd.h>
#include <weft/net/internal/errno_error.h>

namespace weft::internal {
namespace {

Error OfAddress(const Error& error, const SocketAddress& address) { return error.Wrap("connect to " + FormatPeer(address)); }

// A connect to a port of this host that has no listener may get that very port for its own side, and so reach itself.
bool ReachedItself(int fd) {
  SocketAddress here;
  SocketAddress there;
  here.size = there.size = sizeof(here.local);
  if (getsockname(fd, &here.any, &here.size) != 0 || getpeername(fd, &there.any, &there.size) != 0) return false;
  return here.Family() != AF_UNIX && here.size == there.size && std::memcmp(&here.any, &there.any, here.size) == 0;
}

// The attempts in progress, all in one fiber or thread: the first one to connect wins.
class Race {
 public:
  Race(const Context& ctx, std::span<const SocketAddress> addresses, const ConnectOptions& options)
      : ctx_(ctx), left_(addresses), options_(options) {}

  Result<Fd> Run() {
    for (;;) {
      if (winner_.IsOpen()) return std::move(winner_);
      if (!left_.empty() && (under_way_.empty() || late_)) {
        if (Error err = BeginNext()) return err;
        continue;
      }
      if (under_way_.empty()) return first_failure_;
      if (Error err = WaitForAny()) return err;
      TakeOutcomes();
    }
  }

 private:
  struct Attempt {
    Fd fd;
    const SocketAddress* address;
  };

  Error BeginNext();
  Error WaitForAny();
  void TakeOutcomes();
  Result<FdEvents> WaitFor(const Context& ctx) const;
  // The next address need not wait for attempts that are still in progress.
  void Fail(const Error& error, const SocketAddress& address) {
    if (!first_failure_) first_failure_ = OfAddress(error, address);
    late_ = true;
  }
  void Connected(Fd fd, const SocketAddress& address) {
    if (ReachedItself(fd.Get())) return Fail(FromErrno(ECONNREFUSED), address);
    winner_ = std::move(fd);
  }

  const Context& ctx_;
  std::span<const SocketAddress> left_;
  const ConnectOptions& options_;
  std::vector<Attempt> under_way_;
  Fd winner_;
  bool late_ = false;  // the next attempt may begin in parallel
  Error first_failure_;
};

// An error is the context's: those of the attempts count only once all have failed.
Error Race::BeginNext() {
  late_ = false;
  const SocketAddress& address = left_.front();
  left_ = left_.subspan(1);
  Fd fd(socket(address.Family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.IsOpen()) {
    Fail(FromErrno(errno), address);
    return {};
  }
  const int on = 1;
  if (!address.IsUnix()) static_cast<void>(setsockopt(fd.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
  auto pause = std::chrono::milliseconds(1);
  for (;;) {
    if (connect(fd.Get(), &address.any, address.size) == 0) {
      Connected(std::move(fd), address);
      return {};
    }
    if (errno == EINPROGRESS || errno == EINTR) {  // interrupted: it continues by itself
      under_way_.push_back({std::move(fd), &address});
      return {};
    }
    if (errno != EAGAIN) {
      Fail(FromErrno(errno), address);
      return {};
    }
    // The backlog of a unix socket is full, and nothing reports when it has room again.
    if (Error err = Sleep(ctx_, pause)) return err;
    pause = std::min(2 * pause, std::chrono::milliseconds(64));
  }
}

Result<FdEvents> Race::WaitFor(const Context& ctx) const {
  const FdWaitOptions options{.waits_for = "connection", .holds_time = options_.holds_time};
  if (under_way_.size() == 1) return WaitFd(ctx, under_way_.front().fd.Get(), FdEvents::kWrite, options);
  // An epoll set is readable when something in it is ready, so it can be waited for like any other descriptor.
  const Fd set(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLOUT;
  for (const Attempt& each : under_way_) {
    if (epoll_ctl(set.Get(), EPOLL_CTL_ADD, each.fd.Get(), &event) != 0) return FromErrno(errno);
  }
  return WaitFd(ctx, set.Get(), FdEvents::kRead, options);
}

// Until one of them has an outcome, or it is time for the next one.
Error Race::WaitForAny() {
  if (left_.empty()) return WaitFor(ctx_).Err();
  const CancelScope until = WithTimeout(ctx_, options_.attempt_delay);
  const Error err = WaitFor(until.ctx).Err();
  if (!err || !err.Is(kDeadlineExceeded) || ctx_.Err()) return err;
  late_ = true;
  return {};
}

void Race::TakeOutcomes() {
  for (auto at = under_way_.begin(); at != under_way_.end() && !winner_.IsOpen();) {
    pollfd look{at->fd.Get(), POLLOUT, 0};
    if (poll(&look, 1, 0) <= 0) {
      ++at;
      continue;
    }
    int failure = 0;
    socklen_t size = sizeof(failure);
    if (getsockopt(at->fd.Get(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0) failure = errno;
    if (failure != 0) {
      Fail(FromErrno(failure), *at->address);
    } else {
      Connected(std::move(at->fd), *at->address);
    }
    at = under_way_.erase(at);
  }
}

}  // namespace

Result<Fd> Connect(const Context& ctx, std::span<const SocketAddress> addresses, const ConnectOptions& options) {
  if (Error err = ctx.Err()) return err;
  if (addresses.empty()) return Error::New("connect: there is no address");
  return Race(ctx, addresses, options).Run();
}

std::vector<SocketAddress> InterleaveFamilies(std::span<const SocketAddress> addresses) {
  std::vector<SocketAddress> of_first;
  std::vector<SocketAddress> others;
  for (const SocketAddress& each : addresses) (each.Family() == addresses.front().Family() ? of_first : others).push_back(each);
  std::vector<SocketAddress> mixed;
  for (std::size_t i = 0; i < std::max(of_first.size(), others.size()); ++i) {
    if (i < of_first.size()) mixed.push_back(of_first[i]);
    if (i < others.size()) mixed.push_back(others[i]);
  }
  return mixed;
}

}  // namespace weft::internal
