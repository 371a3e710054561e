// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/context_node.h>
#include <weft/concurrency/internal/signal_action.h>
#include <weft/concurrency/internal/signal_verdict.h>
#include <weft/concurrency/internal/system_calls.h>
#include <weft/concurrency/internal/thread_signals.h>

namespace weft {
namespace internal {
namespace {

constexpr int kSignalsMax = 65;

// What the signal handler knows of a watch. It touches nothing else, and calls only what a handler may call.
struct Arrivals {
  void Note(int signal) noexcept;

  std::atomic<std::int64_t> first_ns{0};  // on the monotonic clock; 0: none has come
  std::atomic<int> first{0};              // the signal, once first_ns is set
  sem_t news;
  struct sigaction action{};  // of the handler
};

struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<Arrivals*> arrivals{nullptr};  // null: nobody watches
};
Slot g_slots[kSignalsMax];
std::atomic<int> g_handlers_running{0};

std::int64_t MonotonicNs() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void Arrivals::Note(int signal) noexcept {
  const std::int64_t now = MonotonicNs();
  std::int64_t before = 0;
  if (first_ns.compare_exchange_strong(before, now)) {
    first.store(signal, std::memory_order_release);
    sem_post(&news);
    return;
  }
  if (JudgeLaterSignal(signal, now - before) == SignalVerdict::kNothing) return;
  DoDefaultAction(signal, action);
  // The kernel keeps the default action from the first process of a container, which nobody could end then but by SIGKILL.
  if (EndsByDefault(signal)) _exit(128 + signal);
}

void OnSignal(int signal) {
  const int saved_errno = errno;
  g_handlers_running.fetch_add(1, std::memory_order_seq_cst);
  if (Arrivals* arrivals = g_slots[signal].arrivals.load(std::memory_order_seq_cst)) arrivals->Note(signal);
  g_handlers_running.fetch_sub(1, std::memory_order_release);
  errno = saved_errno;
}

std::string SignalName(int signal) {
  const char* name = internal::SignalText(signal);
  std::string text = name != nullptr ? name : std::to_string(signal);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return "signal: " + text;
}

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

// Watches some signals until it is stopped: cancels the node when one arrives.
class SignalWatch final : public CancelFinisher {
 public:
  SignalWatch(ContextNode* node, std::initializer_list<int> signals) : node_(node), signals_(signals), before_(signals.size()) {
    node_->Ref();
    sem_init(&arrivals_.news, 0, 0);
    sigemptyset(&set_);
    for (const int signal : signals_) {
      if (signal <= 0 || signal >= kSignalsMax) AbortMisuse("NotifyContext", "no such signal");
      sigaddset(&set_, signal);
    }
    arrivals_.action.sa_handler = OnSignal;
    arrivals_.action.sa_flags = SA_RESTART | SA_ONSTACK;  // a fiber's stack may be nearly full
    arrivals_.action.sa_mask = set_;                      // the handler is not interrupted by its own kind
    for (std::size_t i = 0; i < signals_.size(); ++i) Take(signals_[i], before_[i]);
    g_signal_watches.fetch_add(1, std::memory_order_relaxed);
  }
  ~SignalWatch() override {
    Stop();
    sem_destroy(&arrivals_.news);
    ContextNode::Unref(node_);
  }

  // False: there is no thread, so the node is canceled, and says why.
  bool Start() {
    try {
      const ScopedBlockOfAll nothing_before_its_time;
      thread_ = std::thread([this] { Watch(); });
    } catch (const std::system_error& e) {
      node_->Cancel(Error(e.code()).Wrap("NotifyContext: start the thread of the watch"));
      return false;
    }
    return true;
  }

  void Stop() noexcept override {
    std::lock_guard hold(stop_lock_);  // cancel functions may be called by several at once: all wait for the end
    if (stopped_) return;
    stopped_ = true;
    g_signal_watches.fetch_sub(1, std::memory_order_relaxed);
    Restore();
    for (const int signal : signals_) g_slots[signal].arrivals.store(nullptr, std::memory_order_seq_cst);
    // A handler on another thread may still use the watch, and may have put itself on once more.
    while (g_handlers_running.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
    Restore();
    for (const int signal : signals_) g_slots[signal].taken.store(false, std::memory_order_release);
    if (!thread_.joinable()) return;
    stop_.store(true, std::memory_order_release);
    sem_post(&arrivals_.news);
    thread_.join();
  }

 private:
  void Restore() noexcept {
    for (std::size_t i = 0; i < signals_.size(); ++i) sigaction(signals_[i], &before_[i], nullptr);
  }

  void Take(int signal, struct sigaction& before) {
    Slot& slot = g_slots[signal];
    if (slot.taken.exchange(true, std::memory_order_acquire)) {
      AbortMisuse("NotifyContext", "the signal belongs to another NotifyContext already");
    }
    slot.arrivals.store(&arrivals_, std::memory_order_seq_cst);
    if (sigaction(signal, &arrivals_.action, &before) != 0) AbortMisuse("NotifyContext", "this signal cannot be caught");
  }

  // On a thread of its own, which takes the signals of the watch, whatever mask the process has inherited, and no others.
  void Watch() {
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
    for (;;) {
      if (sem_wait(&arrivals_.news) != 0) continue;  // interrupted by a signal
      if (const int signal = arrivals_.first.exchange(0, std::memory_order_acquire)) node_->Cancel(Error::New(SignalName(signal)));
      if (stop_.load(std::memory_order_acquire)) return;
    }
  }

  ContextNode* node_;
  const std::vector<int> signals_;
  std::vector<struct sigaction> before_;  // in the order of signals_
  sigset_t set_;
  Arrivals arrivals_;
  std::atomic<bool> stop_{false};
  std::mutex stop_lock_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace
}  // namespace internal

CancelScope NotifyContext(const Context& parent, std::initializer_list<int> signals) {
  internal::ContextNode* node = internal::ContextNode::NewCanceler(ContextAccess::Node(parent), internal::kNever, {});
  auto watch = std::make_unique<internal::SignalWatch>(node, signals);
  if (!watch->Start()) watch.reset();
  CancelScope scope;
  scope.cancel = ContextAccess::MakeCancel(node, std::move(watch));
  scope.ctx = ContextAccess::Adopt(node);
  return scope;
}

}  // namespace weft
