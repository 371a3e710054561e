// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/asio/asio_driver.h>

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <system_error>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft::internal {
namespace {

constexpr std::size_t kHandlersPerTurn = 64;

using IoExecutor = boost::asio::io_context::executor_type;

// Asio's own timeouts have a resolution of milliseconds; this one is exact. It is in the loop's set, whose events wake Asio.
class TimerFd {
 public:
  explicit TimerFd(int epoll_fd) : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::system_category(), "timer of an executor");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;  // edge-triggered: it is never read
    event.data.ptr = nullptr;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd_, &event) == 0) return;
    const int failure = errno;
    close(fd_);
    throw std::system_error(failure, std::system_category(), "timer of an executor");
  }
  ~TimerFd() { close(fd_); }
  TimerFd(const TimerFd&) = delete;
  TimerFd& operator=(const TimerFd&) = delete;

  // `until_ns` is in the future, so an alarm that is already set to it has not gone off yet.
  void Set(std::int64_t until_ns) {
    if (until_ns == set_to_) return;
    set_to_ = until_ns;
    itimerspec spec{};
    if (until_ns != kNever) {
      spec.it_value.tv_sec = static_cast<time_t>(until_ns / 1'000'000'000);
      spec.it_value.tv_nsec = static_cast<long>(until_ns % 1'000'000'000);
    }
    timerfd_settime(fd_, TFD_TIMER_ABSTIME, &spec, nullptr);
  }

 private:
  const int fd_;
  std::int64_t set_to_ = kNever;
};

// Nothing above the loop could handle an exception, and all other fibers would be lost with the loop.
template <class F>
std::size_t EndIfItThrows(F run) noexcept {
  try {
    return run();
  } catch (const std::exception& e) {
    AbortMisuse("an exception left a raw Asio handler, which must not throw", e.what());
  } catch (...) {
    AbortMisuse("an exception left a raw Asio handler, which must not throw", "not a std::exception");
  }
}

}  // namespace

struct AsioDriver::State {
  explicit State(int epoll_fd) : timer(epoll_fd), work(io.get_executor()), set(io, epoll_fd) {}
  ~State() { set.release(); }  // the loop owns it

  // The set is watched edge-triggered. Starting a wait checks it again (epoll_reactor modifies its registration), so events
  // that arrived while nothing waited are seen.
  void ArmSet() {
    if (set_armed) return;
    set_armed = true;
    set.async_wait(set.wait_read, [this](boost::system::error_code) { set_armed = false; });
  }
  void GoOn() {
    if (io.stopped()) io.restart();  // a handler may have stopped it
  }

  TimerFd timer;
  boost::asio::io_context io{1};  // hint 1: one thread runs it, others may post
  boost::asio::executor_work_guard<IoExecutor> work;
  boost::asio::posix::basic_stream_descriptor<IoExecutor> set;
  bool set_armed = false;
};

AsioDriver::AsioDriver(LoopCore& loop) : state_(new State(loop.poller().EpollFd())) {}
AsioDriver::~AsioDriver() = default;

AsioDriver& AsioDriver::Of(LoopCore& loop) {
  if (loop.Outside() == nullptr) loop.SetOutside(std::make_unique<AsioDriver>(loop));
  return *IfMade(loop);
}

boost::asio::io_context& AsioDriver::context() noexcept { return state_->io; }

std::size_t AsioDriver::Poll() noexcept {
  state_->GoOn();
  // One by one: a handler that posts itself again and again must let the fibers have their turn.
  std::size_t count = 0;
  while (count < kHandlersPerTurn && EndIfItThrows([this] { return state_->io.poll_one(); }) != 0) ++count;
  return count;
}

void AsioDriver::Sleep(std::int64_t until_ns) noexcept {
  // A time that has passed may have been noted by the set, and taken out of it, in an earlier turn already.
  if (until_ns <= RealNowNs()) return;
  state_->ArmSet();
  state_->timer.Set(until_ns);
  state_->GoOn();
  EndIfItThrows([this] { return state_->io.run_one(); });
}

}  // namespace weft::internal
