// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_BROADCAST_H_
#define WEFT_CONCURRENCY_BROADCAST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {

namespace internal {
template <class T>
class BroadcastState;
template <class T>
struct SubscriberState;
}  // namespace internal

template <class T>
class Subscription;

// What happens when a subscriber is too slow and its buffer is full.
enum class WhenFull {
  // The oldest value in the buffer is dropped. Subscription::Missed counts these.
  kDropOldest,
  // The subscriber gets what is in its buffer, and then kClosed.
  kDisconnect,
};

struct SubscribeOptions {
  // How many values the buffer holds; at least 1.
  std::size_t capacity = 64;
  WhenFull when_full = WhenFull::kDropOldest;
};

// Delivers each value to all current subscribers. Each subscriber has a bounded buffer of its own
// and chooses what happens when that is full. So publishing never waits, and a slow subscriber
// harms no other. All subscribers see the values in the same order.
//
//   weft::Error Sum(const weft::Context& ctx, int& sum) {
//     weft::Broadcast<Tick> ticks;
//     weft::Group group(ctx);
//     group.Go([&sum, sub = ticks.Subscribe({.capacity = 16})](const weft::Context& c) {
//       return sub.Channel().ForEach(c, [&](Tick tick) { sum += tick.price; });   // until Close
//     });
//     ticks.Publish(Tick{5});
//     ticks.Close();
//     return group.Wait();
//   }
//
// A Broadcast is a small handle that shares its state, like a Chan: copies are the same broadcast.
// All calls may come from any thread, and none suspends. What was done before Publish happens
// before what follows the receive of its value.
//
// Copying a T must not wait. If it throws, no subscriber gets the value. Publish large values as
// std::shared_ptr<const T>. For a value of which only the latest matters there is Watch (watch.h).
template <class T>
class Broadcast {
 public:
  Broadcast() : state_(std::make_shared<internal::BroadcastState<T>>()) {}

  // Makes a subscription to everything that is published from now on. After Close it gets kClosed
  // at once.
  [[nodiscard]] Subscription<T> Subscribe(const SubscribeOptions& options = {}) const {
    auto own = std::make_shared<internal::SubscriberState<T>>(options);
    state_->Subscribe(own);
    return Subscription<T>(state_, std::move(own));
  }

  // Delivers the value. Returns how many subscribers remain, without those that it has just
  // disconnected for being slow.
  std::size_t Publish(const T& value) const { return state_->Publish(value); }

  // Ends the broadcast: subscribers get what is in their buffers, and then kClosed.
  void Close() const { state_->Close(); }

  // The number of subscribers at this moment.
  std::size_t Subscribers() const { return state_->Subscribers(); }

 private:
  std::shared_ptr<internal::BroadcastState<T>> state_;
};

// The receiving end of a Broadcast. Its destructor unsubscribes. Move-only. Any fiber or thread may
// receive; if several do, each value goes to one of them.
template <class T>
class Subscription {
 public:
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(broadcast_, other.broadcast_);
    std::swap(own_, other.own_);
    return *this;
  }
  ~Subscription() {
    if (broadcast_ != nullptr) broadcast_->Unsubscribe(*own_);
  }

  // Parks until there is a value. Errors: kClosed once the broadcast was closed, or this subscriber
  // was disconnected, and the buffer is empty; the context's error if that is done first.
  Result<T> Receive(const Context& ctx) { return own_->chan.Receive(ctx); }
  // The buffer, for OnReceive in a Select, TryReceive and ForEach. Do not send on it.
  const Chan<T>& Channel() const { return own_->chan; }
  // How many values were dropped so far because the buffer was full.
  std::uint64_t Missed() const { return own_->missed.load(std::memory_order_relaxed); }
  // Whether this subscriber was disconnected because it was too slow (WhenFull::kDisconnect).
  bool Disconnected() const { return own_->disconnected.load(std::memory_order_relaxed); }

 private:
  template <class>
  friend class Broadcast;
  Subscription(std::shared_ptr<internal::BroadcastState<T>> broadcast,
               std::shared_ptr<internal::SubscriberState<T>> own)
      : broadcast_(std::move(broadcast)), own_(std::move(own)) {}

  std::shared_ptr<internal::BroadcastState<T>> broadcast_;
  std::shared_ptr<internal::SubscriberState<T>> own_;
};

}  // namespace weft

#include <weft/concurrency/internal/channel/broadcast_state.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_BROADCAST_H_
