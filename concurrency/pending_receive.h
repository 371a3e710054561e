// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_PENDING_RECEIVE_H_
#define WEFT_CONCURRENCY_PENDING_RECEIVE_H_

#include <optional>
#include <utility>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/channel/pending_receive_core.h>
#include <weft/concurrency/result.h>

namespace weft {

// Receives from a channel while its fiber waits for something that is no case of a Select, such as
// bytes of a connection: what comes ends the context of that wait. So one fiber waits for both,
// where a second one would be needed otherwise.
//
//   weft::PendingReceive<Tick> ticks(feed);                    // a Chan<Tick>
//   for (;;) {
//     weft::CancelScope wait = weft::WithCancel(ctx);
//     ticks.WakeBy(std::move(wait.cancel));
//     weft::Result<std::size_t> n = stream.Read(wait.ctx, piece);
//     if (weft::Error err = ctx.Err()) return err;
//     while (std::optional<weft::Result<Tick>> tick = ticks.Take()) { ... }
//     ...
//   }
//
// In the queue of the channel it stands as any other receiver, from WakeBy until a value has come
// for it or Take is called, and gets what is its turn; a sender of a rendezvous goes on then. A value
// that has come and was not taken goes with this object. One fiber, or plain thread, uses it;
// senders may be anywhere.
template <class T>
class PendingReceive : private internal::PendingReceiveCore {
 public:
  // The channel lives as long as one of its handles, which is the caller's affair: when the last one
  // goes, Take says that it was closed. On a nil channel nothing ever comes.
  explicit PendingReceive(const Chan<T>& chan) : PendingReceive(internal::ChanAccess::State(chan).get()) {}
  ~PendingReceive() { Leave(); }

  // Ends the context of `wake` as soon as Take has something to return: at once if it has. What an
  // earlier call was given is given up, which ends that context, too. Never waits.
  void WakeBy(CancelFunc wake) WEFT_NO_LOCK_ANALYSIS {
    internal::ExplorePoint();
    if (chan_ == nullptr) {
      std::swap(nil_, wake);
      return;
    }
    lock().lock();
    if (!Waits() && !Ready()) TryLocked();
    if (!Ready()) return Enter(&value_, std::move(wake));
    lock().unlock();
    wake();
  }

  // What has come: a value, or kClosed once the channel is closed and drained. Empty: nothing yet.
  // Never waits. Nothing comes from now on until the next WakeBy.
  std::optional<Result<T>> Take() WEFT_NO_LOCK_ANALYSIS {
    internal::ExplorePoint();
    if (chan_ == nullptr) return std::nullopt;
    lock().lock();
    LeaveLocked();
    if (!Ready()) TryLocked();
    lock().unlock();
    if (value_.has_value()) {
      Result<T> result(std::move(*value_));
      value_.reset();
      return result;
    }
    if (closed_ || Closed()) return Result<T>(kClosed);
    return std::nullopt;
  }

 private:
  explicit PendingReceive(internal::ChanState<T>* chan) : PendingReceiveCore(chan), chan_(chan) {}
  bool Ready() const { return value_.has_value() || closed_ || Closed(); }
  void TryLocked() WEFT_NO_LOCK_ANALYSIS {
    internal::ChanWaiter* served = nullptr;
    closed_ = chan_->TryReceiveLocked(value_, served) == internal::ChanStatus::kClosed;
    if (served != nullptr) chan_->DeliverInLock(*served);
  }

  internal::ChanState<T>* const chan_;
  std::optional<T> value_;
  bool closed_ = false;
  CancelFunc nil_;  // it lives as long as the caller may think
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_PENDING_RECEIVE_H_
