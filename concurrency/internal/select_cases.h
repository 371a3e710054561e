// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SELECT_CASES_H_
#define WEFT_CONCURRENCY_INTERNAL_SELECT_CASES_H_

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/internal/context_node.h>
#include <weft/concurrency/internal/select_core.h>

namespace weft::internal {

template <class T, class F>
class ReceiveCase final : public SelectCase {
 public:
  ReceiveCase(const Chan<T>& chan, F f) : chan_(ChanAccess::State(chan).get()), f_(std::move(f)) {}

  SmallLock* Lock() noexcept override { return chan_ != nullptr ? &chan_->lock() : nullptr; }
  bool Begin() noexcept override {
    value_.reset();
    waiter_.closed = false;
    return false;
  }
  bool Try(std::int64_t) noexcept override {
    if (chan_ == nullptr) return false;
    ChanWaiter* served = nullptr;
    const ChanStatus status = chan_->TryReceiveLocked(value_, served);
    if (served != nullptr) DeliverInLock(*served);
    return status != ChanStatus::kWouldWait;
  }
  bool Enter(Parker& parker, std::uint32_t outcome) noexcept override {
    if (chan_ == nullptr) return true;
    waiter_.place = &value_;
    EnterQueue(chan_->receivers(), waiter_, parker, outcome);
    return true;
  }
  void Leave() noexcept override { waiter_.Leave(); }
  void Keep() override {
    if (chan_ != nullptr) kept_ = chan_->shared_from_this();
  }
  Error Finish() override {
    static_assert(std::is_invocable_v<F&, Result<T>>, "the function of OnReceive takes a weft::Result<T>");
    if (!value_.has_value()) return CallCase(f_, Result<T>(kClosed));
    return CallCase(f_, Result<T>(std::move(*value_)));
  }

 private:
  ChanState<T>* chan_;  // null: nil
  std::shared_ptr<ChanState<T>> kept_;
  F f_;
  std::optional<T> value_;
  ChanWaiter waiter_;
};

template <class T, class F>
class SendCase final : public SelectCase {
 public:
  SendCase(const Chan<T>& chan, T* value, F f) : chan_(ChanAccess::State(chan).get()), outside_(value), f_(std::move(f)) {}
  SendCase(const Chan<T>& chan, T value, F f) : chan_(ChanAccess::State(chan).get()), own_(std::move(value)), f_(std::move(f)) {}

  SmallLock* Lock() noexcept override { return chan_ != nullptr ? &chan_->lock() : nullptr; }
  bool Begin() noexcept override {
    closed_ = waiter_.closed = false;
    return false;
  }
  bool Try(std::int64_t) noexcept override {
    if (chan_ == nullptr) return false;
    ChanWaiter* served = nullptr;
    const ChanStatus status = chan_->TrySendLocked(Value(), served);
    if (served != nullptr) DeliverInLock(*served);
    closed_ = status == ChanStatus::kClosed;
    return status != ChanStatus::kWouldWait;
  }
  bool Enter(Parker& parker, std::uint32_t outcome) noexcept override {
    if (chan_ == nullptr) return true;
    waiter_.place = &Value();
    EnterQueue(chan_->senders(), waiter_, parker, outcome);
    return true;
  }
  void Leave() noexcept override { waiter_.Leave(); }
  void Keep() override {
    if (chan_ != nullptr) kept_ = chan_->shared_from_this();
    // It may have been a temporary.
    if (outside_ != nullptr) own_.emplace(std::move(*std::exchange(outside_, nullptr)));
  }
  Error Finish() override {
    if (closed_ || waiter_.closed) return kClosed;
    return CallCase(f_);
  }

 private:
  T& Value() noexcept { return own_.has_value() ? *own_ : *outside_; }

  ChanState<T>* chan_;  // null: nil
  std::shared_ptr<ChanState<T>> kept_;
  T* outside_ = nullptr;
  std::optional<T> own_;
  F f_;
  bool closed_ = false;
  ChanWaiter waiter_;
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
  void BeforeTry() noexcept override { (void)ctx_.Err(); }  // latches its deadline, which may run code of users
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

#endif  // WEFT_CONCURRENCY_INTERNAL_SELECT_CASES_H_
