// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/log_queue.h>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

namespace weft::internal {
namespace {

// The log is for people, and a sink takes its time: real time, whatever weft's Clock says.
using RealClock = std::chrono::steady_clock;

constexpr std::size_t kFirstRoom = 64;
constexpr std::size_t kBatchMax = 64;
// A busy queue is checked this often, because waking a thread for each line would cost its writer more than the line.
constexpr std::chrono::milliseconds kNap{10};
constexpr std::size_t kWakeAt = LogQueue::kLinesMax / 8;
// weft's own sink gives up after a while, and then must still be able to say so.
constexpr std::chrono::milliseconds kGrace{200};
constexpr std::chrono::milliseconds kInterruptEvery{10};

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(RealClock::now().time_since_epoch()).count();
}

// A sink, or the error handler of its logger, may throw.
bool LogTo(spdlog::logger& logger, std::chrono::system_clock::time_point time, spdlog::level::level_enum level, std::string_view text) noexcept {
  try {
    logger.log(time, spdlog::source_loc(), level, spdlog::string_view_t(text.data(), text.size()));
    return true;
  } catch (...) {
    return false;
  }
}

bool TellDropped(spdlog::logger& logger, std::chrono::system_clock::time_point time, std::uint64_t lines) {
  return LogTo(logger, time, spdlog::level::warn, std::to_string(lines) + (lines == 1 ? " line was" : " lines were") +
                                                      " dropped: the log's destination was too slow");
}

thread_local const LogIds* t_ids_of_line = nullptr;

bool WriteLine(const LogEntry& entry) {
  struct Ids {
    explicit Ids(const LogIds& ids) : before(std::exchange(t_ids_of_line, &ids)) {}
    ~Ids() { t_ids_of_line = before; }
    const LogIds* const before;
  } ids(entry.ids);
  if (entry.dropped_before > 0) TellDropped(*entry.logger, entry.time, entry.dropped_before);
  return LogTo(*entry.logger, entry.time, entry.level, entry.text);
}

thread_local bool t_in_writer = false;

// Signals go to the threads that were there before. Those that a fault raises stay open, and the real-time ones, of which one
// interrupts the thread at the end of the process.
void BlockSignals() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,
                           SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO}) {
    sigaddset(&blocked, signal);
  }
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
}

// An unused signal, or 0.
int UnusedSignal(const sigset_t& mask) {
  for (int signal = SIGRTMAX; signal >= SIGRTMIN; --signal) {
    struct sigaction action;
    if (sigismember(&mask, signal) == 0 && sigaction(signal, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
        action.sa_handler == SIG_DFL) {
      return signal;
    }
  }
  return 0;
}

}  // namespace

LogQueue& LogQueue::Get() {
  static LogQueue* const queue = new LogQueue;
  return *queue;
}

void LogQueue::Enter() {
  std::lock_guard hold(lock_);
  ++sessions_;
  // An abandoned writer becomes the writer again: there is never more than one.
  left_ = false;
  if (!exiting_) end_by_ns_.store(0, std::memory_order_relaxed);
  ended_.notify_all();
}

bool LogQueue::Leave() {
  std::vector<LogEntry> dropped;
  std::lock_guard hold(lock_);
  if (--sessions_ > 0) return false;
  if (count_ > 0 && !writing_) StartWriterLocked();
  if (!writing_) {
    dropped = DropAllLocked();
    return false;
  }
  end_by_ns_.store(NowNs() + std::chrono::nanoseconds(kPatience).count(), std::memory_order_relaxed);
  more_.notify_one();
  return true;
}

void LogQueue::AwaitEnd() WEFT_NO_LOCK_ANALYSIS {
  std::vector<LogEntry> dropped;
  std::unique_lock<std::mutex> hold(lock_);
  dropped = AwaitEndLocked(hold);
}

std::vector<LogEntry> LogQueue::AwaitEndLocked(std::unique_lock<std::mutex>& hold) WEFT_NO_LOCK_ANALYSIS {
  const RealClock::time_point end_by(std::chrono::nanoseconds(end_by_ns_.load(std::memory_order_relaxed)));
  // Another session that begins meanwhile takes the writer over.
  ended_.wait_until(hold, end_by + kGrace, [this]() WEFT_NO_LOCK_ANALYSIS { return !writing_ || !EndingLocked(); });
  if (!EndingLocked()) return {};
  if (writing_) {
    left_ = true;
    return DropAllLocked();
  }
  // It has released the lock for good, so this takes no longer than a thread needs to end.
  if (writer_.joinable()) writer_.join();
  return {};
}

bool LogQueue::InWriter() noexcept { return t_in_writer; }

const LogIds* LogQueue::IdsOfLine() noexcept { return t_ids_of_line; }

bool LogQueue::PatienceIsOver() const noexcept {
  const std::int64_t end_by = end_by_ns_.load(std::memory_order_relaxed);
  return end_by != 0 && NowNs() >= end_by;
}

void LogQueue::Write(LogEntry entry) noexcept {
  try {
    {
      std::lock_guard hold(lock_);
      if (writing_ || !EndingLocked()) {
        if (!PushLocked(entry)) return CountDroppedLocked(1);
        if (!writing_) StartWriterLocked();
        if (std::exchange(asleep_, false) || count_ == kWakeAt) more_.notify_one();
        return;
      }
    }
    if (!WriteLine(entry)) CountDropped(1);
  } catch (...) {
    CountDropped(1);
  }
}

bool LogQueue::PushLocked(LogEntry& entry) {
  // A line of any size is accepted if it is alone.
  const bool too_many = count_ == kLinesMax || (count_ > 0 && bytes_ + entry.Bytes() > kBytesMax);
  if (too_many || left_) return false;
  if (count_ == ring_.size()) GrowLocked();
  bytes_ += entry.Bytes();
  entry.dropped_before = std::exchange(dropped_, 0);
  ring_[(first_ + count_) % ring_.size()] = std::move(entry);
  ++count_;
  return true;
}

void LogQueue::GrowLocked() {
  std::vector<LogEntry> larger(std::clamp(ring_.size() * 2, kFirstRoom, kLinesMax));
  for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move(ring_[(first_ + i) % ring_.size()]);
  ring_ = std::move(larger);
  first_ = 0;
}

// Returns what is to be destroyed outside of the lock: the last reference to a logger may end a sink of the program's, which
// takes its time.
std::vector<LogEntry> LogQueue::DropAllLocked() noexcept {
  CountDroppedLocked(count_);
  first_ = 0;
  count_ = 0;
  bytes_ = 0;
  return std::exchange(ring_, {});
}

void LogQueue::CountDropped(std::uint64_t lines) noexcept {
  std::lock_guard hold(lock_);
  CountDroppedLocked(lines);
}

void LogQueue::CountDroppedLocked(std::uint64_t lines) noexcept {
  dropped_ += lines;
  dropped_total_.fetch_add(lines, std::memory_order_relaxed);
}

void LogQueue::StartWriterLocked() noexcept {
  if (writer_.joinable()) writer_.join();
  static const bool at_exit = std::atexit(&LogQueue::EndAtExit) == 0;
  static_cast<void>(at_exit);
  try {
    writer_ = std::thread([this] { Work(); });
    writing_ = true;
    writer_process_ = getpid();
  } catch (const std::system_error&) {
    // The lines wait; the next one tries again.
  }
}

void LogQueue::Work() WEFT_NO_LOCK_ANALYSIS {
  std::vector<LogEntry> dropped;
  BlockSignals();
  t_in_writer = true;
  std::unique_lock<std::mutex> hold(lock_);
  pthread_sigmask(SIG_BLOCK, nullptr, &writer_mask_);
  while (!left_) {
    if (count_ == 0) {
      if (EndingLocked()) break;
      Rest(hold);
      continue;
    }
    if (PatienceIsOver()) break;
    const std::uint64_t dropped_behind = TakeBatchLocked();
    hold.unlock();
    WriteBatch(dropped_behind);
    hold.lock();
  }
  dropped = DropAllLocked();
  left_ = false;
  writing_ = false;
  if (!exiting_) end_by_ns_.store(0, std::memory_order_relaxed);
  ended_.notify_all();
}

void LogQueue::Rest(std::unique_lock<std::mutex>& hold) WEFT_NO_LOCK_ANALYSIS {
  const auto wanted = [this]() WEFT_NO_LOCK_ANALYSIS { return count_ > 0 || EndingLocked() || left_; };
  more_.wait_for(hold, kNap, [this]() WEFT_NO_LOCK_ANALYSIS { return count_ >= kWakeAt || EndingLocked() || left_; });
  if (wanted()) return;
  asleep_ = true;  // until it is woken
  more_.wait(hold, wanted);
  asleep_ = false;
}

// Returns how many lines were dropped since the last one of the batch.
std::uint64_t LogQueue::TakeBatchLocked() {
  for (; count_ > 0 && batch_.size() < kBatchMax; --count_) {
    LogEntry& entry = ring_[first_];
    bytes_ -= entry.Bytes();
    batch_.push_back(std::move(entry));
    first_ = (first_ + 1) % ring_.size();
  }
  return count_ == 0 ? std::exchange(dropped_, 0) : 0;
}

void LogQueue::WriteBatch(std::uint64_t dropped_behind) {
  std::uint64_t failed = 0;
  spdlog::logger* gathers = nullptr;  // to be flushed before another one writes, so that lines keep their order
  for (LogEntry& entry : batch_) {
    // An abandoned writer releases the sink as soon as it can.
    if (gathers != nullptr && gathers != entry.logger.get()) std::exchange(gathers, nullptr)->flush();
    if (PatienceIsOver() || !WriteLine(entry)) ++failed;
    if (entry.gathered) gathers = entry.logger.get();
  }
  if (dropped_behind > 0 && !TellDropped(*batch_.back().logger, std::chrono::system_clock::now(), dropped_behind)) failed += dropped_behind;
  if (gathers != nullptr) gathers->flush();
  batch_.clear();
  if (failed > 0) CountDropped(failed);
}

void LogQueue::EndAtExit() WEFT_NO_LOCK_ANALYSIS {
  LogQueue& queue = Get();
  // A child of fork has the memory, and maybe the lock in a locked state, but not the thread.
  if (queue.writer_process_ != getpid()) return;
  std::unique_lock<std::mutex> hold(queue.lock_);
  queue.exiting_ = true;
  if (!queue.writing_) return;
  if (!queue.left_) {
    queue.end_by_ns_.store(NowNs() + std::chrono::nanoseconds(kPatience).count(), std::memory_order_relaxed);
    queue.more_.notify_one();
    const std::vector<LogEntry> dropped = queue.AwaitEndLocked(hold);
  }
  if (queue.writing_) queue.InterruptWriterLocked(hold);
}

// What follows takes the locks of stdio, to flush its buffers, and a sink that waits in fwrite holds one of them. A signal
// ends that wait. It changes how the process handles this signal, which affects no other code only because the process is ending.
void LogQueue::InterruptWriterLocked(std::unique_lock<std::mutex>& hold) WEFT_NO_LOCK_ANALYSIS {
  const int signal = UnusedSignal(writer_mask_);
  if (signal == 0) return;
  struct sigaction action{};
  action.sa_handler = [](int) {};
  sigaction(signal, &action, nullptr);
  const RealClock::time_point end_by = RealClock::now() + kPatience;
  while (writing_ && RealClock::now() < end_by) {
    pthread_kill(writer_.native_handle(), signal);
    ended_.wait_for(hold, kInterruptEvery, [this]() WEFT_NO_LOCK_ANALYSIS { return !writing_; });
  }
  if (!writing_) writer_.join();
}

}  // namespace weft::internal
