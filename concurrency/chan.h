// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_CHAN_H_
#define WEFT_CONCURRENCY_CHAN_H_

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/channel/chan_core.h>

namespace weft {

namespace internal {
struct ChanAccess;
}

// Hands values from senders to receivers, in order (Go's chan). Any number of fibers and plain
// threads, of any loop, may send and receive. A Chan is a shared handle: copies are the same
// channel, and the channel lives as long as one of them; const is the handle, not the channel, so
// closures may capture it by value. When the last handle goes while calls or Selects still wait,
// nobody can serve them any more: they end as if it had been closed. A default-constructed one is
// the nil channel: nothing is ever ready on it, which takes a case out of a Select.
//
// Capacity 0 is a rendezvous: Send returns when a receiver has the value. With a capacity that many
// values wait in a buffer, and Send waits only when it is full. Waiters are served in the order in
// which they came. A value is moved from only if it was handed over, so a Send that failed may be
// tried again with it; a receive that ended with its context has taken nothing.
//
// Close says that no more values come: receivers get what is in the buffer, then kClosed for ever.
// Sending on a closed channel, and closing it again, are answers here (kClosed, false), not crashes
// as in Go. One side should own the close: the sender.
//
//   weft::Chan<Job> jobs(16);
//   group.Go("reader", [&](const weft::Context& ctx) -> weft::Error {
//     for (Job& job : all) {
//       if (weft::Error err = jobs.Send(ctx, std::move(job))) return err;
//     }
//     jobs.Close();
//     return {};
//   });
//   weft::Error err = jobs.ForEach(ctx, [&](Job job) { return Work(ctx, job); });
//
// All calls may come from any thread. What was done before a send happens before what follows its
// receive; of a channel of capacity C the k-th receive happens before the k+C-th send returns; a
// Close happens before a receive that sees it (docs/memory_model.md). Moving a T must not throw,
// wait or use the channel: it happens under the channel's lock.
template <class T>
class Chan {
 public:
  Chan() noexcept = default;  // nil
  explicit Chan(std::size_t capacity) : state_(capacity) {}

  // Parks until the value is handed over or in the buffer. kClosed if the channel is closed, also
  // while it waits; the context's error if that is done first. On a nil channel it waits for the
  // context.
  Error Send(const Context& ctx, T&& value) const {
    internal::ExplorePoint();
    if (ContextAccess::MayBeDone(ctx)) [[unlikely]] {
      if (Error err = ctx.Err()) return err;
    }
    if (state_ == nullptr) [[unlikely]] return ctx.Wait();
    const internal::ChanStatus status = state_->Send(ctx, value);
    if (status == internal::ChanStatus::kDone) [[likely]] return {};
    return status == internal::ChanStatus::kClosed ? kClosed : ctx.Err();
  }
  Error Send(const Context& ctx, const T& value) const {
    T copy(value);
    return Send(ctx, std::move(copy));
  }

  // Parks until there is a value. kClosed once the channel is closed and drained; the context's
  // error if that is done first.
  Result<T> Receive(const Context& ctx) const {
    std::optional<T> value;
    const internal::ChanStatus status = Take(state_.get(), ctx, value);
    if (status == internal::ChanStatus::kDone) return std::move(*value);
    return status == internal::ChanStatus::kClosed ? kClosed : ctx.Err();
  }

  // Never wait. False: it would have to wait, or is closed, or nil; the value is untouched then.
  bool TrySend(T&& value) const { return state_ != nullptr && state_->TrySend(value) == internal::ChanStatus::kDone; }
  bool TrySend(const T& value) const {
    T copy(value);
    return TrySend(std::move(copy));
  }
  // Empty: nothing is there now, which does not tell an empty channel from a closed one.
  std::optional<T> TryReceive() const {
    std::optional<T> value;
    if (state_ != nullptr) (void)state_->TryReceive(value);
    return value;
  }

  // Wakes all who wait: senders with kClosed, receivers too, for the buffer is empty if they wait.
  // False: it was closed before, or is nil.
  bool Close() const { return state_ != nullptr && state_->Close(); }

  // Values in the buffer at the moment; its size. Zero for nil.
  std::size_t Size() const { return state_ != nullptr ? state_->Size() : 0; }
  std::size_t Capacity() const { return state_ != nullptr ? state_->Capacity() : 0; }

  // Calls f(T) for each value until the channel is closed and drained: empty Error. f may return
  // Error: the first one ends it and is returned. The context's error if that is done.
  template <class F>
  Error ForEach(const Context& ctx, F f) const {
    internal::ChanState<T>* const state = state_.get();
    const internal::ChanPin pin(state);
    for (;;) {
      std::optional<T> value;
      const internal::ChanStatus status = Take(state, ctx, value);
      if (status == internal::ChanStatus::kClosed) return {};
      if (status == internal::ChanStatus::kContextDone) return ctx.Err();
      if constexpr (std::is_void_v<std::invoke_result_t<F&, T>>) {
        f(std::move(*value));
      } else {
        if (Error err = f(std::move(*value))) return err;
      }
    }
  }

  // The same channel.
  friend bool operator==(const Chan&, const Chan&) = default;
  explicit operator bool() const noexcept = delete;  // nil? open? empty? Compare with Chan<T>() for nil

 private:
  friend struct internal::ChanAccess;

  // The handle may be gone when it returns.
  static internal::ChanStatus Take(internal::ChanState<T>* state, const Context& ctx, std::optional<T>& value) {
    internal::ExplorePoint();
    if (ContextAccess::MayBeDone(ctx) && ctx.Err()) [[unlikely]] return internal::ChanStatus::kContextDone;
    if (state != nullptr) [[likely]] return state->Receive(ctx, value);
    (void)ctx.Wait();
    return internal::ChanStatus::kContextDone;
  }

  internal::ChanHandle<T> state_;
};

namespace internal {
// For the cases of a Select.
struct ChanAccess {
  template <class T>
  static const ChanHandle<T>& State(const Chan<T>& chan) {
    return chan.state_;
  }
};
}  // namespace internal

}  // namespace weft

#include <weft/concurrency/broadcast.h>  // IWYU pragma: export
#include <weft/concurrency/watch.h>      // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_CHAN_H_
