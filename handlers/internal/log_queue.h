// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_LOG_QUEUE_H_
#define WEFT_HANDLERS_INTERNAL_LOG_QUEUE_H_

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <spdlog/logger.h>

#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

// The ids of the piece of work that has written a line; empty if it has none.
struct LogIds {
  std::string request;
  std::string trace;
};

struct LogEntry {
  std::chrono::system_clock::time_point time;
  spdlog::level::level_enum level = spdlog::level::off;
  std::uint64_t dropped_before = 0;  // lines, since the entry before this one
  std::shared_ptr<spdlog::logger> logger;
  std::string text;
  bool gathered = false;  // the logger is weft's own, whose sink gathers lines until flush
  LogIds ids = {};

  std::size_t Bytes() const { return text.size() + ids.request.size() + ids.trace.size(); }
};

// Lines on their way to spdlog, and the thread that passes them on. There is one in a process, and it is never destroyed: a server may
// end during static destruction.
class LogQueue {
 public:
  static constexpr std::size_t kLinesMax = 4096;
  static constexpr std::size_t kBytesMax = 1 << 20;
  static constexpr std::chrono::milliseconds kPatience{1000};

  static LogQueue& Get();

  // Sessions. Leave begins the end if it was the last one, and says whether there is a writer to wait for, which AwaitEnd then
  // does: until a second after Leave.
  void Enter();
  bool Leave();
  void AwaitEnd();

  // Queues the line, or writes it in place if there is no session.
  void Write(LogEntry entry) noexcept;

  // Counts a line that a sink could not write.
  void CountDropped(std::uint64_t lines) noexcept;
  std::uint64_t Dropped() const noexcept { return dropped_total_.load(std::memory_order_relaxed); }

  // For weft's own sink: whether to give up a write that is not accepted, and whether more lines may follow before a flush.
  bool PatienceIsOver() const noexcept;
  static bool InWriter() noexcept;

  // The ids of the line that this thread is passing to spdlog; null if it is not.
  static const LogIds* IdsOfLine() noexcept;

 private:
  LogQueue() = default;

  bool PushLocked(LogEntry& entry) WEFT_REQUIRES(lock_);
  void GrowLocked() WEFT_REQUIRES(lock_);
  std::vector<LogEntry> DropAllLocked() noexcept WEFT_REQUIRES(lock_);
  void CountDroppedLocked(std::uint64_t lines) noexcept WEFT_REQUIRES(lock_);
  void StartWriterLocked() noexcept WEFT_REQUIRES(lock_);
  bool EndingLocked() const noexcept WEFT_REQUIRES(lock_) { return sessions_ == 0 || exiting_; }
  std::vector<LogEntry> AwaitEndLocked(std::unique_lock<std::mutex>& hold);

  void Work();
  void Rest(std::unique_lock<std::mutex>& hold);
  std::uint64_t TakeBatchLocked() WEFT_REQUIRES(lock_);
  void WriteBatch(std::uint64_t dropped_behind);

  static void EndAtExit();
  void InterruptWriterLocked(std::unique_lock<std::mutex>& hold);

  ThreadMutex lock_;
  std::condition_variable more_;   // the writer waits for lines, or for the end
  std::condition_variable ended_;  // the end of the last session waits for the writer
  int sessions_ WEFT_GUARDED_BY(lock_) = 0;
  bool exiting_ WEFT_GUARDED_BY(lock_) = false;  // the process calls exit
  bool writing_ WEFT_GUARDED_BY(lock_) = false;  // the writer lives
  bool left_ WEFT_GUARDED_BY(lock_) = false;     // it was abandoned
  bool asleep_ WEFT_GUARDED_BY(lock_) = false;   // it must be woken for new lines
  std::thread writer_ WEFT_GUARDED_BY(lock_);
  pid_t writer_process_ WEFT_GUARDED_BY(lock_) = 0;
  sigset_t writer_mask_ WEFT_GUARDED_BY(lock_){};
  std::vector<LogEntry> ring_ WEFT_GUARDED_BY(lock_);
  std::size_t first_ WEFT_GUARDED_BY(lock_) = 0;
  std::size_t count_ WEFT_GUARDED_BY(lock_) = 0;
  std::size_t bytes_ WEFT_GUARDED_BY(lock_) = 0;
  std::uint64_t dropped_ WEFT_GUARDED_BY(lock_) = 0;  // that no line reports yet

  // Unguarded: the writer's own.
  std::vector<LogEntry> batch_;
  std::atomic<std::uint64_t> dropped_total_{0};
  std::atomic<std::int64_t> end_by_ns_{0};  // 0: the writer has unlimited time
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_LOG_QUEUE_H_
