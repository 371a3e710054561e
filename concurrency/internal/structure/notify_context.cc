// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <memory>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/signal_action.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/structure/signal_verdict.h>
#include <weft/concurrency/internal/structure/signal_watch.h>

namespace weft {
namespace internal {
namespace {

std::int64_t MonotonicNs() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// Cancels the node when the first signal comes; judges the later ones.
class CancelingWatch final : public CancelFinisher, public SignalWatch {
 public:
  CancelingWatch(ContextNode* node, std::initializer_list<int> signals) : SignalWatch("NotifyContext", signals), node_(node) {
    node_->Ref();
  }
  ~CancelingWatch() override {
    Stop();
    ContextNode::Unref(node_);
  }

  void Stop() noexcept override { SignalWatch::Stop(); }

 private:
  bool Note(int signal) noexcept override {
    const std::int64_t now = MonotonicNs();
    std::int64_t before = 0;
    if (first_ns_.compare_exchange_strong(before, now)) {
      first_.store(signal, std::memory_order_release);
      return true;
    }
    if (JudgeLaterSignal(signal, now - before) == SignalVerdict::kNothing) return false;
    DoDefaultAction(signal, Action());
    // The kernel keeps the default action from the first process of a container, which only SIGKILL could end then.
    if (EndsByDefault(signal)) _exit(128 + signal);
    return false;
  }

  void Look() noexcept override {
    if (const int signal = first_.exchange(0, std::memory_order_acquire)) node_->Cancel(Error::New(SignalName(signal)));
  }

  ContextNode* node_;
  std::atomic<std::int64_t> first_ns_{0};  // on the monotonic clock; 0: none has come
  std::atomic<int> first_{0};              // the signal, once first_ns_ is set
};

}  // namespace
}  // namespace internal

CancelScope NotifyContext(const Context& parent, std::initializer_list<int> signals) {
  internal::ContextNode* node = internal::ContextNode::NewCanceler(ContextAccess::Node(parent), internal::kNever, {});
  CancelScope scope;
  scope.ctx = ContextAccess::Adopt(node);
  auto watch = std::make_unique<internal::CancelingWatch>(node, signals);
  if (Error err = watch->Begin()) {
    watch.reset();
    node->Cancel(std::move(err));
  }
  scope.cancel = ContextAccess::MakeCancel(node, std::move(watch));
  return scope;
}

}  // namespace weft
