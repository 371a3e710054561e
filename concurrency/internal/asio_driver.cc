// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/asio_driver.h>

#include <sys/timerfd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <weft/concurrency/internal/clock.h>
#include <weft/concurrency/internal/loop_core.h>

namespace weft::internal {

struct AsioDriver::State {
  explicit State(int epoll_fd) : io(1), set(io, epoll_fd), timer_fd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    // Asio's own timeout counts in milliseconds; this one does not. It lies in the loop's set, whose events wake Asio.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = nullptr;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event);
  }
  ~State() {
    set.release();  // the loop owns it
    close(timer_fd);
  }

  void ArmSet() {
    if (set_armed) return;
    set_armed = true;
    set.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code) { set_armed = false; });
  }
  void ArmTimer(std::int64_t until_ns) {
    if (until_ns == timer_at) return;
    timer_at = until_ns;
    itimerspec spec{};
    if (until_ns != kNever) {
      spec.it_value.tv_sec = static_cast<time_t>(until_ns / 1'000'000'000);
      spec.it_value.tv_nsec = static_cast<long>(until_ns % 1'000'000'000);
      if (until_ns <= 0) spec.it_value.tv_nsec = 1;
    }
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  boost::asio::io_context io;  // hint 1: one thread runs it, others may post
  boost::asio::posix::stream_descriptor set;
  int timer_fd;
  bool set_armed = false;
  std::int64_t timer_at = kNever;
};

AsioDriver::AsioDriver(LoopCore& loop) : state_(new State(loop.epoll_fd())) {}
AsioDriver::~AsioDriver() = default;

boost::asio::io_context& AsioDriver::context() noexcept { return state_->io; }

std::size_t AsioDriver::Poll() {
  if (state_->io.stopped()) state_->io.restart();
  return state_->io.poll();
}

void AsioDriver::Sleep(std::int64_t until_ns) {
  state_->ArmSet();
  state_->ArmTimer(until_ns);
  if (state_->io.stopped()) state_->io.restart();
  state_->io.run_one();
}

}  // namespace weft::internal
