// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_POLLER_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_POLLER_H_

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>

#include <weft/concurrency/internal/runtime/task_queue.h>
#include <weft/concurrency/loop_hooks.h>

namespace weft::internal {

// What a loop sleeps in: an epoll set of all descriptors that are watched, and of one by which other threads wake it. Events come in
// batches, and are then handed out. Only on the loop's thread, but for Wake.
class Poller {
 public:
  Poller() = default;
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Makes the descriptors. An error: there are too few.
  Error Open() noexcept;
  // From any thread: ends a Wait, or the next one.
  void Wake() noexcept;

  // Sleeps until there are events, for at most this long (-1: no bound), and returns how many; Dispatch hands them out.
  int Wait(std::int64_t timeout_ns) noexcept;
  // Whether events have come that were not handed out.
  bool HasEvents() const noexcept { return batch_size_ != 0; }
  // Calls the watches of the events, and then the tasks that they have passed to RunAfterEvents.
  void Dispatch();
  // False, and the task is not taken, unless events are being handed out.
  bool RunAfterEvents(LoopTask& task) noexcept {
    if (!handing_out_) return false;
    after_events_.Push(task);
    return true;
  }

  Error Add(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  Error Modify(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  void Remove(FdWatch& watch, int fd) noexcept;
  // For code that registers by itself: this many more of them wait; and: drops the events for this one.
  void CountWatches(int n) noexcept { watches_ += static_cast<std::size_t>(n); }
  void ForgetEvents(const FdWatch& watch) noexcept;
  bool Watches() const noexcept { return watches_ != 0; }
  int EpollFd() const noexcept { return epoll_fd_; }

 private:
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::size_t watches_ = 0;
  static constexpr int kBatch = 256;
  epoll_event batch_[kBatch];
  int batch_at_ = 0;
  int batch_size_ = 0;
  bool handing_out_ = false;  // Dispatch is on the stack
  TaskQueue after_events_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_POLLER_H_
