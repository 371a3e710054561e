// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/structure/signal_watch.h>

#include <pthread.h>

#include <cctype>
#include <cerrno>
#include <system_error>

#include <weft/concurrency/internal/base/system_calls.h>
#include <weft/concurrency/internal/base/thread_signals.h>

namespace weft::internal {
namespace {

struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<SignalWatch*> watch{nullptr};  // null: not watched
};
Slot g_slots[kSignalsMax];
std::atomic<int> g_handlers_running{0};

// Blocks signals on this thread for a C++ scope: a thread that is started in it begins with all of them blocked.
class ScopedBlockOfAll {
 public:
  ScopedBlockOfAll() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~ScopedBlockOfAll() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  ScopedBlockOfAll(const ScopedBlockOfAll&) = delete;
  ScopedBlockOfAll& operator=(const ScopedBlockOfAll&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

SignalWatch::SignalWatch(const char* function, std::initializer_list<int> signals)
    : function_(function), signals_(signals), before_(signals.size()) {
  sigemptyset(&set_);
  for (const int signal : signals_) {
    if (signal <= 0 || signal >= kSignalsMax) AbortMisuse(function_, "there is no signal of this number");
    sigaddset(&set_, signal);
  }
  sem_init(&news_, 0, 0);
  action_.sa_handler = OnSignal;
  action_.sa_flags = SA_RESTART | SA_ONSTACK;  // a fiber's stack may be nearly full
  action_.sa_mask = set_;                      // the handler is not interrupted by its own kind
}

SignalWatch::~SignalWatch() { sem_destroy(&news_); }

// Nothing else knows the watch yet.
Error SignalWatch::Begin() WEFT_NO_LOCK_ANALYSIS {
  watches_ = true;
  for (std::size_t i = 0; i < signals_.size(); ++i) Take(signals_[i], before_[i]);
  g_signal_watches.fetch_add(1, std::memory_order_relaxed);
  try {
    const ScopedBlockOfAll nothing_before_its_time;
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& e) {
    Stop();
    return Error(e.code()).Wrap(std::string(function_) + ": start the thread of the watch");
  }
  return {};
}

void SignalWatch::Take(int signal, struct sigaction& before) {
  Slot& slot = g_slots[signal];
  if (slot.taken.exchange(true, std::memory_order_acquire)) {
    AbortMisuse(function_, "the signal already belongs to another NotifyContext or Signals");
  }
  slot.watch.store(this, std::memory_order_seq_cst);
  if (sigaction(signal, &action_, &before) != 0) AbortMisuse(function_, "this signal cannot be caught");
}

void SignalWatch::Stop() noexcept {
  std::lock_guard hold(stop_lock_);
  if (!watches_) return;
  watches_ = false;
  g_signal_watches.fetch_sub(1, std::memory_order_relaxed);
  Restore();
  for (const int signal : signals_) g_slots[signal].watch.store(nullptr, std::memory_order_seq_cst);
  // A handler on another thread may still be using the watch, and may have installed itself once more.
  while (g_handlers_running.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
  Restore();
  for (const int signal : signals_) g_slots[signal].taken.store(false, std::memory_order_release);
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_release);
  sem_post(&news_);
  thread_.join();
}

void SignalWatch::Restore() noexcept {
  for (std::size_t i = 0; i < signals_.size(); ++i) sigaction(signals_[i], &before_[i], nullptr);
}

void SignalWatch::OnSignal(int signal) noexcept {
  const int saved_errno = errno;
  g_handlers_running.fetch_add(1, std::memory_order_seq_cst);
  if (SignalWatch* watch = g_slots[signal].watch.load(std::memory_order_seq_cst)) {
    if (watch->Note(signal)) sem_post(&watch->news_);
  }
  g_handlers_running.fetch_sub(1, std::memory_order_release);
  errno = saved_errno;
}

void SignalWatch::Run() noexcept {
  pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
  for (;;) {
    if (sem_wait(&news_) != 0) continue;  // interrupted by a signal
    Look();
    if (stop_.load(std::memory_order_acquire)) return;
  }
}

std::string SignalName(int signal) {
  const char* name = SignalText(signal);
  std::string text = name != nullptr ? name : std::to_string(signal);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return "signal: " + text;
}

}  // namespace weft::internal
