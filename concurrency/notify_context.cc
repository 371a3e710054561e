// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/context_node.h>

namespace weft {
namespace internal {
namespace {

constexpr int kSignalsMax = 65;

// One watch a signal. The signal handler reads nothing but these.
struct Slot {
  std::atomic<int> event_fd{-1};          // -1: nobody watches
  std::atomic<int>* received = nullptr;   // the watch's first signal, 0 before
  const sigset_t* handed_back = nullptr;  // all signals of the watch
};
Slot g_slots[kSignalsMax];

// Runs in a signal handler: gives the signals back to the system's default, so that the next one kills, and tells the watch.
void OnSignal(int signal) {
  const int saved_errno = errno;
  Slot& slot = g_slots[signal];
  const int fd = slot.event_fd.load(std::memory_order_acquire);
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
  SignalWatch(ContextNode* node, std::initializer_list<int> signals) : node_(node), signals_(signals) {
    node_->Ref();
    event_fd_ = eventfd(0, EFD_CLOEXEC);
    if (event_fd_ < 0) AbortMisuse("NotifyContext", "no descriptor is left for the watch: raise the limit (ulimit -n)");
    sigemptyset(&set_);
    for (const int signal : signals_) sigaddset(&set_, signal);
    for (const int signal : signals_) Take(signal);
    thread_ = std::thread([this] { Watch(); });
  }
  ~SignalWatch() override {
    Stop();
    ContextNode::Unref(node_);
  }

  void Stop() noexcept override {
    if (!thread_.joinable()) return;
    for (std::size_t i = 0; i < signals_.size(); ++i) {
      sigaction(signals_[i], &before_[i], nullptr);
      g_slots[signals_[i]].event_fd.store(-1, std::memory_order_release);
    }
    stop_.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
    thread_.join();
    close(event_fd_);
  }

 private:
  void Take(int signal) {
    if (signal <= 0 || signal >= kSignalsMax) AbortMisuse("NotifyContext", "no such signal");
    Slot& slot = g_slots[signal];
    if (slot.event_fd.load(std::memory_order_acquire) >= 0) {
      AbortMisuse("NotifyContext", "the signal belongs to another NotifyContext already");
    }
    slot.received = &received_;
    slot.handed_back = &set_;
    slot.event_fd.store(event_fd_, std::memory_order_release);
    struct sigaction action{};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART;
    action.sa_mask = set_;  // the handler is not interrupted by its own kind
    struct sigaction previous{};
    sigaction(signal, &action, &previous);
    before_.push_back(previous);
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
  std::vector<struct sigaction> before_;
  sigset_t set_;
  int event_fd_ = -1;
  std::atomic<int> received_{0};
  std::atomic<bool> stop_{false};
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
