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

// Passes values from senders to receivers, in order (Go's chan). Any number of fibers and plain
// threads, of any loop, may send and receive.
//
//   weft::Error WorkOn(const weft::Context& ctx, std::vector<Job> all) {
//     weft::Chan<Job> jobs(16);
//     weft::Group group(ctx);
//     group.Go("reader", [&](const weft::Context& c) -> weft::Error {
//       for (Job& job : all) {
//         if (weft::Error err = jobs.Send(c, std::move(job))) return err;
//       }
//       jobs.Close();
//       return {};
//     });
//     group.Go("worker", [&](const weft::Context& c) {
//       return jobs.ForEach(c, [&](Job job) { return Work(c, job); });   // until Close
//     });
//     return group.Wait();
//   }
//
// Handles. A Chan is a small handle that shares the channel: copies are the same channel, which
// lives as long as one of them. Its members are const because the handle does not change, so a
// lambda may capture it by value. If the last handle is destroyed while calls or Selects still
// wait, they end as if the channel had been closed, because nothing could serve them any more. A
// default-constructed Chan is the nil channel. It is never ready, which disables its case in a
// Select.
//
// Capacity. With capacity 0 a send and a receive meet: Send returns when a receiver has the value.
// With a larger capacity that many values wait in a buffer, and Send waits only while it is full.
// Waiters are served in the order in which they came. A value is moved from only if it was handed
// over, so after a failed Send it can be sent again. A receive that fails has taken nothing.
//
// Close. A closed channel accepts no more values: receivers get what is in the buffer, and from
// then on kClosed. Sending on a closed channel returns kClosed, and closing it again returns false;
// in Go both panic. One side should be responsible for closing: the sender.
//
// Memory order. What was done before a send happens before what follows its receive. With capacity
// C, the k-th receive happens before the (k+C)-th send returns. A Close happens before a receive
// that sees it. See docs/memory_model.md. Moving a T must not throw, wait or use the channel,
// because it happens under the channel's lock.
template <class T>
class Chan {
 public:
  Chan() noexcept = default;  // nil
  explicit Chan(std::size_t capacity) : state_(capacity) {}

  // Parks until the value was handed over, or is in the buffer. Errors: kClosed if the channel is
  // closed, even while it waits; the context's error if that is done first, or already. On a nil
  // channel it waits for the context.
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

  // Parks until there is a value, and takes it. Errors: kClosed once the channel is closed and its
  // buffer empty; the context's error if that is done first, or already.
  Result<T> Receive(const Context& ctx) const {
    std::optional<T> value;
    const internal::ChanStatus status = Take(state_.get(), ctx, value);
    if (status == internal::ChanStatus::kDone) return std::move(*value);
    return status == internal::ChanStatus::kClosed ? kClosed : ctx.Err();
  }

  // Sends if that is possible without waiting. False: it would have to wait, or the channel is
  // closed or nil; the value is untouched. Never suspends.
  bool TrySend(T&& value) const {
    return state_ != nullptr && state_->TrySend(value) == internal::ChanStatus::kDone;
  }
  bool TrySend(const T& value) const {
    T copy(value);
    return TrySend(std::move(copy));
  }
  // Receives if a value is there. An empty result does not say whether the channel is empty or
  // closed. Never suspends.
  std::optional<T> TryReceive() const {
    std::optional<T> value;
    if (state_ != nullptr) (void)state_->TryReceive(value);
    return value;
  }

  // Closes the channel. All waiting senders and receivers wake up with kClosed (receivers wait only
  // while the buffer is empty). False: it was already closed, or is nil. Never suspends.
  bool Close() const { return state_ != nullptr && state_->Close(); }

  // How many values are in the buffer at this moment, and how many fit. Zero for nil.
  std::size_t Size() const { return state_ != nullptr ? state_->Size() : 0; }
  std::size_t Capacity() const { return state_ != nullptr ? state_->Capacity() : 0; }

  // Calls f(T) for each value. Returns an empty Error once the channel is closed and its buffer
  // empty. f returns void or Error; the first Error ends the loop and is returned. So does the
  // context's error.
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

  // True if both handles are of the same channel. To ask for nil, compare with Chan<T>().
  friend bool operator==(const Chan&, const Chan&) = default;
  explicit operator bool() const noexcept = delete;  // nil, open or empty: it could mean each

 private:
  friend struct internal::ChanAccess;
  explicit Chan(internal::ChanHandle<T> state) noexcept : state_(std::move(state)) {}

  // The handle may be gone when it returns.
  static internal::ChanStatus Take(internal::ChanState<T>* state, const Context& ctx,
                                   std::optional<T>& value) {
    internal::ExplorePoint();
    if (ContextAccess::MayBeDone(ctx) && ctx.Err()) [[unlikely]] {
      return internal::ChanStatus::kContextDone;
    }
    if (state != nullptr) [[likely]] return state->Receive(ctx, value);
    (void)ctx.Wait();
    return internal::ChanStatus::kContextDone;
  }

  internal::ChanHandle<T> state_;
};

}  // namespace weft

#include <weft/concurrency/broadcast.h>  // IWYU pragma: export
#include <weft/concurrency/watch.h>      // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_CHAN_H_
