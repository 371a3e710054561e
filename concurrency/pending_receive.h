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

// Receives from a channel while its fiber waits for something that is not a case of a Select, such
// as the bytes of a connection: a value that arrives ends the context of that wait. So one fiber
// waits for both, where two would be needed otherwise.
//
//   weft::Error ShowBoth(const weft::Context& ctx, weft::MemoryStream& in, weft::Chan<Tick> feed) {
//     weft::PendingReceive<Tick> ticks(feed);
//     std::array<char, 4096> piece;
//     for (;;) {
//       weft::CancelScope wait = weft::WithCancel(ctx);
//       ticks.WakeBy(std::move(wait.cancel));
//       weft::Result<std::size_t> n = in.Read(wait.ctx, piece);
//       if (weft::Error err = ctx.Err()) return err;
//       while (std::optional<weft::Result<Tick>> tick = ticks.Take()) {
//         if (!tick->Ok()) return tick->Err();            // kClosed
//         Show(**tick);
//       }
//       if (n.Err().Is(weft::kCanceled)) continue;          // a tick has ended the wait
//       if (weft::Error err = n.Err()) return err;
//       if (*n == 0) return {};                             // the stream has ended
//       ShowBytes({piece.data(), *n});
//     }
//   }
//
// From WakeBy until a value has arrived for it, or Take is called, it is in the channel's queue
// like any other receiver, and gets a value when it is its turn; a sender that waits for a receiver
// then continues. A value that has arrived and was not taken is destroyed with this object. One
// fiber or plain thread uses it; senders may be anywhere.
template <class T>
class PendingReceive : private internal::PendingReceiveCore {
 public:
  // This does not keep the channel alive. When the last of its handles is destroyed, Take says that
  // it was closed. On a nil channel nothing ever arrives.
  explicit PendingReceive(const Chan<T>& chan)
      : PendingReceive(internal::ChanAccess::State(chan).get()) {}
  ~PendingReceive() { Leave(); }

  // Ends the context of `wake` as soon as Take has something to return, which may be at once. The
  // context of an earlier call is ended, too. Never waits. `wake` is of WithCancel, WithTimeout or
  // WithDeadline, and values of its context (WithValue) must not use this channel when they end.
  void WakeBy(CancelFunc wake) WEFT_NO_LOCK_ANALYSIS {
    internal::ExplorePoint();
    if (chan_ == nullptr) {
      std::swap(nil_, wake);
      return;
    }
    lock().lock();
    if (!Waits() && !Ready()) TryLocked();
    if (!Ready()) return Enter(&value_, std::move(wake));
    const CancelFunc earlier = TakeWake();
    lock().unlock();
    wake();
  }

  // Returns what has arrived: a value, or kClosed once the channel is closed and its buffer empty.
  // Empty: nothing yet. From now on nothing arrives until the next WakeBy. Never waits.
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
  explicit PendingReceive(internal::ChanState<T>* chan)
      : PendingReceiveCore(chan), chan_(chan) {}
  bool Ready() const { return value_.has_value() || closed_ || Closed(); }
  void TryLocked() WEFT_NO_LOCK_ANALYSIS {
    internal::ChanWaiter* served = nullptr;
    closed_ = chan_->TryReceiveLocked(value_, served) == internal::ChanStatus::kClosed;
    if (served != nullptr) chan_->DeliverInLock(*served);
  }

  internal::ChanState<T>* const chan_;
  std::optional<T> value_;
  bool closed_ = false;
  CancelFunc nil_;  // of a nil channel: keeps the context live, as for any other channel
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_PENDING_RECEIVE_H_
