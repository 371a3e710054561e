// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/real_time_waits.h>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include <weft/concurrency/run.h>

namespace weft::postgres::internal {
namespace {
constexpr std::int64_t kSecond = 1'000'000'000;

Error SystemError() { return std::error_code(errno, std::generic_category()); }
}  // namespace

std::int64_t RealTimeWaits::RealNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

RealTimeWaits::RealTimeWaits(const Context& ctx, int fd, Duration bound)
    : ctx_(ctx), fd_(fd), bound_ns_(bound > std::chrono::hours(1) ? INT64_MAX : RealNow() + bound.count()), until_ns_(bound_ns_) {}

RealTimeWaits::~RealTimeWaits() {
  if (epoll_ >= 0) close(epoll_);
  if (timer_ >= 0) close(timer_);
}

void RealTimeWaits::Until(std::int64_t real_ns) { until_ns_ = std::min(real_ns, bound_ns_); }

Error RealTimeWaits::Prepare(FdEvents events) {
  epoll_event event{};
  if (Includes(events, FdEvents::kRead)) event.events |= EPOLLIN;
  if (Includes(events, FdEvents::kWrite)) event.events |= EPOLLOUT;
  if (epoll_ < 0) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (epoll_ < 0 || timer_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event) != 0) return SystemError();
    epoll_event at_timer{};
    at_timer.events = EPOLLIN;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &at_timer) != 0) return SystemError();
  } else if (epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event) != 0) {
    return SystemError();
  }
  itimerspec when{};
  when.it_value = {static_cast<time_t>(until_ns_ / kSecond), static_cast<long>(until_ns_ % kSecond)};
  return timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr) == 0 ? Error() : SystemError();
}

Result<FdEvents> RealTimeWaits::Wait(FdEvents events) {
  if (Error err = Prepare(events)) return err;
  for (;;) {
    // First, because there may always be more to read.
    if (RealNow() >= until_ns_) return Error(std::errc::timed_out);
    pollfd look = {fd_, 0, 0};
    if (Includes(events, FdEvents::kRead)) look.events |= POLLIN;
    if (Includes(events, FdEvents::kWrite)) look.events |= POLLOUT;
    if (poll(&look, 1, 0) > 0) {
      Yield();  // what is thrown away may come faster than it goes
      auto ready = FdEvents();
      if ((look.revents & ~POLLOUT) != 0 && Includes(events, FdEvents::kRead)) ready = ready | FdEvents::kRead;
      if ((look.revents & ~POLLIN) != 0 && Includes(events, FdEvents::kWrite)) ready = ready | FdEvents::kWrite;
      return ready;
    }
    if (Error err = WaitFd(ctx_, epoll_, FdEvents::kRead, {.waits_for = "postgres to stop"}).Err()) return err;
  }
}

}  // namespace weft::postgres::internal
