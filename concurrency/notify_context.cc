// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/context_node.h>
#include <weft/concurrency/internal/thread_signals.h>

namespace weft {
namespace internal {
namespace {

constexpr int kSignalsMax = 65;

// One watch a signal. The signal handler reads nothing but these.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<int> event_fd{-1};          // -1: nobody watches
  std::atomic<int>* received = nullptr;   // the watch's first signal, 0 before
  const sigset_t* handed_back = nullptr;  // all signals of the watch
};
Slot g_slots[kSignalsMax];
std::atomic<int> g_handlers_running{0};

// Runs in a signal handler: gives the signals back to the system's default, so that the next one kills, and tells the watch.
void OnSignal(int signal) {
  const int saved_errno = errno;
  g_handlers_running.fetch_add(1, std::memory_order_seq_cst);
  Slot& slot = g_slots[signal];
  const int fd = slot.event_fd.load(std::memory_order_seq_cst);
  if (fd >= 0) {
    struct sigaction fallback{};
    fallback.sa_handler = SIG_DFL;
    for (int each = 1; each < kSignalsMax; ++each) {
      if (sigismember(slot.handed_back, each) == 1) sigaction(each, &fallback, nullptr);
    }
    int none = 0;
    slot.received->compare_exchange_strong(none, signal);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(fd, &one, sizeof(one));
  }
  g_handlers_running.fetch_sub(1, std::memory_order_release);
  errno = saved_errno;
}

std::string SignalName(int signal) {
  const char* name = sigdescr_np(signal);
  std::string text = name != nullptr ? name : std::to_string(signal);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return "signal: " + text;
}

// Watches some signals until it is stopped: cancels the node when one arrives.
class SignalWatch final : public CancelFinisher {
 public:
  SignalWatch(ContextNode* node, std::initializer_list<int> signals) : node_(node), signals_(signals), before_(signals.size()) {
    node_->Ref();
    event_fd_ = eventfd(0, EFD_CLOEXEC);
    if (event_fd_ < 0) AbortMisuse("NotifyContext", "no descriptor is left for the watch: raise the limit (ulimit -n)");
    try {
      thread_ = std::thread([this] { Watch(); });
    } catch (const std::system_error&) {
      AbortMisuse("NotifyContext", "no thread could be started for the watch");
    }
    sigemptyset(&set_);
    for (const int signal : signals_) {
      if (signal <= 0 || signal >= kSignalsMax) AbortMisuse("NotifyContext", "no such signal");
      sigaddset(&set_, signal);
    }
    g_signal_watches.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < signals_.size(); ++i) Take(signals_[i], before_[i]);
  }
  ~SignalWatch() override {
    Stop();
    ContextNode::Unref(node_);
  }

  void Stop() noexcept override {
    std::lock_guard hold(stop_lock_);  // cancel functions may be called by several at once: all wait for the end
    if (!thread_.joinable()) return;
    g_signal_watches.fetch_sub(1, std::memory_order_relaxed);
    Restore();
    for (const int signal : signals_) g_slots[signal].event_fd.store(-1, std::memory_order_seq_cst);
    // A handler on another thread may still use the watch, and may have set the default once more.
    while (g_handlers_running.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
    Restore();
    for (const int signal : signals_) g_slots[signal].taken.store(false, std::memory_order_release);
    stop_.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
    thread_.join();
    close(event_fd_);
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
    slot.received = &received_;
    slot.handed_back = &set_;
    slot.event_fd.store(event_fd_, std::memory_order_seq_cst);
    struct sigaction action{};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;  // a fiber's stack may be nearly full
    action.sa_mask = set_;                      // the handler is not interrupted by its own kind
    if (sigaction(signal, &action, &before) != 0) AbortMisuse("NotifyContext", "this signal cannot be caught");
  }

  void Watch() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::uint64_t count = 0;
    for (;;) {
      if (read(event_fd_, &count, sizeof(count)) < 0 && errno == EINTR) continue;
      if (const int signal = received_.exchange(0)) node_->Cancel(Error::New(SignalName(signal)));
      if (stop_.load(std::memory_order_acquire)) return;
    }
  }

  ContextNode* node_;
  const std::vector<int> signals_;
  std::vector<struct sigaction> before_;  // in the order of signals_
  sigset_t set_;
  int event_fd_ = -1;
  std::atomic<int> received_{0};
  std::atomic<bool> stop_{false};
  std::mutex stop_lock_;
  std::thread thread_;
};

}  // namespace
}  // namespace internal

CancelScope NotifyContext(const Context& parent, std::initializer_list<int> signals) {
  internal::ContextNode* node = internal::ContextNode::NewCanceler(ContextAccess::Node(parent), internal::kNever, {});
  CancelScope scope;
  scope.cancel = ContextAccess::MakeCancel(node, std::make_unique<internal::SignalWatch>(node, signals));
  scope.ctx = ContextAccess::Adopt(node);
  return scope;
}

}  // namespace weft
