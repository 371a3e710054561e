// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_BROADCAST_H_
#define WEFT_CONCURRENCY_BROADCAST_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft {

// What happens when a subscriber is too slow and its buffer is full.
enum class WhenFull {
  kDropOldest,   // it misses values, and can ask how many
  kDisconnect,   // it gets what is in its buffer, then kClosed
};

struct SubscribeOptions {
  std::size_t capacity = 64;  // at least 1
  WhenFull when_full = WhenFull::kDropOldest;
};

namespace internal {

// One subscriber's buffer; shared by its Subscription and the Broadcast.
template <class T>
struct SubscriberState {
  explicit SubscriberState(const SubscribeOptions& options)
      : chan(options.capacity != 0 ? options.capacity : 1), when_full(options.when_full) {}
  // What is dropped goes into `dropped`, which has a place for it: its destructor runs code of
  // users, which may use the Broadcast.
  void Offer(T& copy, std::vector<T>& dropped) noexcept {
    ChanState<T>& state = *ChanAccess::State(chan);
    while (state.TrySend(copy) == ChanStatus::kWouldWait) {
      if (when_full == WhenFull::kDisconnect) {
        disconnected.store(true, std::memory_order_relaxed);
        chan.Close();
        return;
      }
      // Nobody else sends here, so the place stays ours; the receiver may have made it meanwhile.
      if (std::optional<T> oldest = chan.TryReceive()) {
        missed.fetch_add(1, std::memory_order_relaxed);
        if constexpr (!std::is_trivially_destructible_v<T>) dropped.push_back(std::move(*oldest));
      }
    }
  }
  Chan<T> chan;
  const WhenFull when_full;
  std::size_t place = 0;  // among the subscribers of the Broadcast, under its lock, as long as it is one
  std::atomic<std::uint64_t> missed{0};
  std::atomic<bool> disconnected{false};
};

template <class T>
struct BroadcastState {
  ThreadMutex lock;  // also keeps the order of values the same for all subscribers
  bool closed WEFT_GUARDED_BY(lock) = false;
  std::vector<std::shared_ptr<SubscriberState<T>>> subscribers WEFT_GUARDED_BY(lock);

  void Add(std::shared_ptr<SubscriberState<T>> subscriber) WEFT_REQUIRES(lock) {
    subscriber->place = subscribers.size();
    subscribers.push_back(std::move(subscriber));
  }
  // The last one takes its place, so that leaving costs the same however many there are. Does
  // nothing for one that is out already.
  void Remove(SubscriberState<T>& subscriber) WEFT_REQUIRES(lock) {
    const std::size_t at = subscriber.place;
    if (at >= subscribers.size() || subscribers[at].get() != &subscriber) return;
    subscribers.back()->place = at;
    std::swap(subscribers[at], subscribers.back());
    subscribers.pop_back();
  }
};

}  // namespace internal

// The receiving end of a Broadcast; it unsubscribes when it is destroyed. Move-only.
template <class T>
class Subscription {
 public:
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(broadcast_, other.broadcast_);
    std::swap(own_, other.own_);
    return *this;
  }
  ~Subscription() { Unsubscribe(); }

  // Parks until there is a value. kClosed once the broadcast was closed, or this subscriber
  // disconnected, and the buffer is empty.
  Result<T> Receive(const Context& ctx) { return own_->chan.Receive(ctx); }
  // For OnReceive in a Select, TryReceive, ForEach. Do not send on it.
  const Chan<T>& Channel() const { return own_->chan; }
  // How many values were dropped so far because the buffer was full.
  std::uint64_t Missed() const { return own_->missed.load(std::memory_order_relaxed); }
  // It was too slow, under WhenFull::kDisconnect.
  bool Disconnected() const { return own_->disconnected.load(std::memory_order_relaxed); }

 private:
  template <class>
  friend class Broadcast;
  Subscription(std::shared_ptr<internal::BroadcastState<T>> broadcast, std::shared_ptr<internal::SubscriberState<T>> own)
      : broadcast_(std::move(broadcast)), own_(std::move(own)) {}
  void Unsubscribe() {
    if (broadcast_ == nullptr) return;
    std::lock_guard hold(broadcast_->lock);
    broadcast_->Remove(*own_);
  }

  std::shared_ptr<internal::BroadcastState<T>> broadcast_;
  std::shared_ptr<internal::SubscriberState<T>> own_;
};

// Gives each value to every subscriber that is there at the moment. Publishing never waits: each
// subscriber has a bounded buffer of its own, and says what happens when that is full, so a slow
// one harms nobody else. All subscribers see the values in the same order. A shared handle, as
// Chan; all calls may come from any thread. Copying a T must not wait (give out
// std::shared_ptr<const T> for what is large). If it throws, nobody has got the value.
//
//   weft::Broadcast<Tick> ticks;
//   group.Go([sub = ticks.Subscribe({.capacity = 16})](const weft::Context& ctx) mutable {
//     return sub.Channel().ForEach(ctx, [](Tick tick) { ... });   // until Close
//   });
//   ticks.Publish(tick);
template <class T>
class Broadcast {
 public:
  Broadcast() : state_(std::make_shared<internal::BroadcastState<T>>()) {}

  // Sees what is published from now on. After Close it gets kClosed at once.
  [[nodiscard]] Subscription<T> Subscribe(const SubscribeOptions& options = {}) const {
    auto own = std::make_shared<internal::SubscriberState<T>>(options);
    std::lock_guard hold(state_->lock);
    if (state_->closed) {
      own->chan.Close();
    } else {
      state_->Add(own);
    }
    return Subscription<T>(state_, std::move(own));
  }

  // Returns how many subscribers there were; those that it disconnects for being slow are not
  // counted again.
  std::size_t Publish(const T& value) const {
    std::vector<T> dropped, copies;  // destroyed after the lock
    std::lock_guard hold(state_->lock);
    auto& all = state_->subscribers;
    if constexpr (!std::is_trivially_destructible_v<T>) dropped.reserve(all.size());
    if constexpr (std::is_nothrow_copy_constructible_v<T>) {
      for (auto& subscriber : all) {
        T copy(value);
        subscriber->Offer(copy, dropped);
      }
    } else {
      copies.reserve(all.size());
      for (std::size_t i = 0; i < all.size(); ++i) copies.push_back(value);
      for (std::size_t i = 0; i < all.size(); ++i) all[i]->Offer(copies[i], dropped);
    }
    // From the end, so that who takes the place of one that is disconnected has been looked at.
    for (std::size_t i = all.size(); i > 0; --i) {
      if (all[i - 1]->disconnected.load(std::memory_order_relaxed)) state_->Remove(*all[i - 1]);
    }
    return all.size();
  }

  // No more values come: subscribers get what is in their buffers, then kClosed.
  void Close() const {
    std::lock_guard hold(state_->lock);
    state_->closed = true;
    for (auto& subscriber : state_->subscribers) subscriber->chan.Close();
    state_->subscribers.clear();
  }

  std::size_t Subscribers() const {
    std::lock_guard hold(state_->lock);
    return state_->subscribers.size();
  }

 private:
  std::shared_ptr<internal::BroadcastState<T>> state_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_BROADCAST_H_
