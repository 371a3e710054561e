// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CASES_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CASES_H_

#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/internal/channel/select_core.h>
#include <weft/concurrency/internal/context/context_node.h>

namespace weft::internal {

// If a channel has no more handles, the last case that leaves it destroys it when the case itself is destroyed.
class LastOfChan {
 public:
  LastOfChan() noexcept = default;
  LastOfChan(const LastOfChan&) noexcept {}
  LastOfChan& operator=(const LastOfChan&) = delete;
  ~LastOfChan() {
    if (chan_ != nullptr) chan_->Destroy();
  }
  void Is(ChanBase& chan) noexcept { chan_ = &chan; }

 private:
  ChanBase* chan_ = nullptr;
};

template <class T>
class ChanCase : public SelectCase {
 public:
  explicit ChanCase(const Chan<T>& chan) : chan_(ChanAccess::State(chan).get()) {}

  SmallLock* Lock() noexcept override { return chan_ != nullptr ? &chan_->lock() : nullptr; }
  // Select holds the lock, here and in Try and Enter.
  void Leave() noexcept override WEFT_NO_LOCK_ANALYSIS {
    waiter_.Leave();
    if (std::exchange(waiter_.in_select, false) && chan_->LeaveLocked()) last_.Is(*chan_);
  }
  void Keep() override { kept_ = ChanHandle<T>(chan_); }

 protected:
  void EnterIn(List<ChanWaiter>& queue, void* place, Parker& parker, std::uint32_t outcome) noexcept WEFT_NO_LOCK_ANALYSIS {
    waiter_.place = place;
    waiter_.in_select = true;
    chan_->EnterLocked();
    EnterQueue(queue, waiter_, parker, outcome);
  }

  ChanState<T>* chan_;  // null: nil
  ChanWaiter waiter_;

 private:
  ChanHandle<T> kept_;
  LastOfChan last_;
};

template <class T, class F>
class ReceiveCase final : public ChanCase<T> {
  using ChanCase<T>::chan_;
  using ChanCase<T>::waiter_;

 public:
  ReceiveCase(const Chan<T>& chan, F f) : ChanCase<T>(chan), f_(std::move(f)) {}

  bool Begin() noexcept override {
    value_.reset();
    waiter_.closed = false;
    return false;
  }
  bool Try(std::int64_t) noexcept override WEFT_NO_LOCK_ANALYSIS {
    if (chan_ == nullptr) return false;
    ChanWaiter* served = nullptr;
    const ChanStatus status = chan_->TryReceiveLocked(value_, served);
    if (served != nullptr) chan_->DeliverInLock(*served);
    return status != ChanStatus::kWouldWait;
  }
  bool Enter(Parker& parker, std::uint32_t outcome) noexcept override WEFT_NO_LOCK_ANALYSIS {
    if (chan_ != nullptr) this->EnterIn(chan_->receivers(), &value_, parker, outcome);
    return true;
  }
  Error Finish() override {
    static_assert(std::is_invocable_v<F&, Result<T>>, "the function of OnReceive takes a weft::Result<T>");
    if (!value_.has_value()) return CallCase(f_, Result<T>(kClosed));
    return CallCase(f_, Result<T>(std::move(*value_)));
  }

 private:
  F f_;
  std::optional<T> value_;
};

template <class T, class F>
class SendCase final : public ChanCase<T> {
  using ChanCase<T>::chan_;
  using ChanCase<T>::waiter_;

 public:
  SendCase(const Chan<T>& chan, T* value, F f) : ChanCase<T>(chan), outside_(value), f_(std::move(f)) {}
  SendCase(const Chan<T>& chan, T value, F f) : ChanCase<T>(chan), own_(std::move(value)), f_(std::move(f)) {}

  bool Begin() noexcept override {
    closed_ = waiter_.closed = false;
    return false;
  }
  bool Try(std::int64_t) noexcept override WEFT_NO_LOCK_ANALYSIS {
    if (chan_ == nullptr) return false;
    ChanWaiter* served = nullptr;
    const ChanStatus status = chan_->TrySendLocked(Value(), served);
    if (served != nullptr) chan_->DeliverInLock(*served);
    closed_ = status == ChanStatus::kClosed;
    return status != ChanStatus::kWouldWait;
  }
  bool Enter(Parker& parker, std::uint32_t outcome) noexcept override WEFT_NO_LOCK_ANALYSIS {
    if (chan_ != nullptr) this->EnterIn(chan_->senders(), &Value(), parker, outcome);
    return true;
  }
  void Keep() override {
    ChanCase<T>::Keep();
    // It may have been a temporary.
    if (outside_ != nullptr) own_.emplace(std::move(*std::exchange(outside_, nullptr)));
  }
  Error Finish() override {
    if (closed_ || waiter_.closed) return kClosed;
    return CallCase(f_);
  }

 private:
  T& Value() noexcept { return own_.has_value() ? *own_ : *outside_; }

  T* outside_ = nullptr;
  std::optional<T> own_;
  F f_;
  bool closed_ = false;
};

template <class F>
class AfterCase final : public SelectCase {
 public:
  AfterCase(Duration duration, F f) : duration_ns_(duration.count()), f_(std::move(f)) {}

  bool Begin() noexcept override {
    due_ns_ = AddNs(NowNs(), duration_ns_);
    return true;
  }
  bool Try(std::int64_t now_ns) noexcept override { return now_ns >= due_ns_; }
  std::int64_t DueNs() noexcept override { return due_ns_; }
  Error Finish() override { return CallCase(f_); }

 private:
  std::int64_t duration_ns_;
  std::int64_t due_ns_ = kNever;
  F f_;
};

// Waits for a context; see OnDone.
class ContextCase : public SelectCase {
 public:
  explicit ContextCase(const Context& ctx) : ctx_(ctx) {}

  bool Begin() noexcept override { return ContextAccess::DeadlineNs(ctx_) != kNever; }
  void BeforeTry() noexcept override { (void)ctx_.Err(); }  // latches its deadline, which may run users' code
  bool Try(std::int64_t) noexcept override {
    ContextNode* canceler = ContextAccess::Canceler(ctx_);
    return canceler != nullptr && canceler->Done();
  }
  std::int64_t DueNs() noexcept override { return ContextAccess::DeadlineNs(ctx_); }
  bool Enter(Parker& parker, std::uint32_t outcome) noexcept override;
  void Leave() noexcept override;

 private:
  struct Watch : ContextWaiter {
    QueueWaiter waiter;
  };
  Context ctx_;
  Watch watch_;
};

template <class F>
class DoneCase final : public ContextCase {
 public:
  DoneCase(const Context& ctx, F f) : ContextCase(ctx), f_(std::move(f)) {}
  Error Finish() override { return CallCase(f_); }

 private:
  F f_;
};

struct DefaultCaseTag {};

template <class F>
class DefaultCase final : public SelectCase, public DefaultCaseTag {
 public:
  explicit DefaultCase(F f) : f_(std::move(f)) {}
  bool Try(std::int64_t) noexcept override { return true; }
  Error Finish() override { return CallCase(f_); }

 private:
  F f_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CASES_H_
