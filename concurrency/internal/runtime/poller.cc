// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/poller.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <system_error>

#include <weft/concurrency/internal/base/system_calls.h>

namespace weft::internal {
namespace {

// Sleeps of less than a millisecond. Linux before 5.11 does not have the call, and filters of system calls that do not know it forbid
// it, with an error of their own choice (EPERM, EACCES): the first such error is remembered, and sleeps last full milliseconds.
std::atomic<bool> g_fine_sleeps{true};

int WaitFor(int epoll_fd, epoll_event* events, int most, std::int64_t timeout_ns) {
  if (timeout_ns <= 0) return epoll_wait(epoll_fd, events, most, timeout_ns < 0 ? -1 : 0);
  if (g_fine_sleeps.load(std::memory_order_relaxed)) {
    const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000), static_cast<long>(timeout_ns % 1'000'000'000)};
    const int count = EpollWaitNs(epoll_fd, events, most, timeout);
    if (count >= 0 || errno == EINTR) return count;
    g_fine_sleeps.store(false, std::memory_order_relaxed);
  }
  constexpr std::int64_t kLongestMs = 1'000'000;
  const std::int64_t ms = timeout_ns / 1'000'000 + (timeout_ns % 1'000'000 != 0 ? 1 : 0);
  return epoll_wait(epoll_fd, events, most, static_cast<int>(std::min(ms, kLongestMs)));
}

}  // namespace

Poller::~Poller() {
  for (const int fd : {wake_fd_, epoll_fd_}) {
    if (fd >= 0) close(fd);
  }
}

Error Poller::Open() noexcept {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ >= 0) wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd_ < 0) return std::error_code(errno, std::system_category());
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // edge-triggered: the counter is never read
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0) return std::error_code(errno, std::system_category());
  return {};
}

void Poller::Wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

int Poller::Wait(std::int64_t timeout_ns) noexcept {
  batch_at_ = 0;
  batch_size_ = std::max(WaitFor(epoll_fd_, batch_, kBatch, timeout_ns), 0);
  return batch_size_;
}

void Poller::Dispatch() {
  handing_out_ = true;
  for (batch_at_ = 0; batch_at_ < batch_size_; ++batch_at_) {
    if (auto* watch = static_cast<FdWatch*>(batch_[batch_at_].data.ptr)) watch->OnFdEvents(batch_[batch_at_].events);
  }
  while (LoopTask* task = after_events_.Pop()) LoopAccess::Run(*task);
  handing_out_ = false;
  batch_at_ = batch_size_ = 0;
}

Error Poller::Add(FdWatch& watch, int fd, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watch;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return std::error_code(errno, std::system_category());
  ++watches_;
  return {};
}

Error Poller::Modify(FdWatch& watch, int fd, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watch;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) != 0) return std::error_code(errno, std::system_category());
  return {};
}

void Poller::Remove(FdWatch& watch, int fd) noexcept {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  --watches_;
  ForgetEvents(watch);
}

void Poller::ForgetEvents(const FdWatch& watch) noexcept {
  for (int i = batch_at_; i < batch_size_; ++i) {
    if (batch_[i].data.ptr == &watch) batch_[i].data.ptr = nullptr;
  }
}

}  // namespace weft::internal
