// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_BROADCAST_STATE_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_BROADCAST_STATE_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/internal/base/prefetch.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

// One subscriber's buffer; shared by its Subscription and the Broadcast.
template <class T>
struct SubscriberState {
  // Of very many subscribers hardly any is slow, so a buffer is small until its subscriber is late.
  static constexpr std::size_t kRoomAtFirst = 4;
  explicit SubscriberState(const SubscribeOptions& options)
      : chan(ChanAccess::Growing<T>(options.capacity != 0 ? options.capacity : 1, kRoomAtFirst)), when_full(options.when_full) {}
  // Dropped values go into `dropped`, which has room for them: their destructors run users' code, which may use the Broadcast.
  void Offer(T& copy, std::vector<T>& dropped) noexcept {
    ChanState<T>& state = *ChanAccess::State(chan);
    while (state.TrySend(copy) == ChanStatus::kWouldWait) {
      if (when_full == WhenFull::kDisconnect) {
        disconnected.store(true, std::memory_order_relaxed);
        chan.Close();
        return;
      }
      // Nothing else sends here, so the free place, which the receiver may just have made, stays ours.
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
class BroadcastState {
 public:
  void Subscribe(std::shared_ptr<SubscriberState<T>> subscriber) {
    std::lock_guard hold(lock_);
    if (closed_) {
      subscriber->chan.Close();
      return;
    }
    subscriber->place = subscribers_.size();
    subscribers_.push_back(std::move(subscriber));
  }

  void Unsubscribe(SubscriberState<T>& subscriber) {
    std::lock_guard hold(lock_);
    Remove(subscriber);
  }

  std::size_t Publish(const T& value) {
    std::vector<T> dropped, copies;  // destroyed after the lock
    std::lock_guard hold(lock_);
    auto& all = subscribers_;
    if constexpr (!std::is_trivially_destructible_v<T>) dropped.reserve(all.size());
    if constexpr (std::is_nothrow_copy_constructible_v<T>) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (i % kFetched == 0) Prefetch(i);
        T copy(value);
        all[i]->Offer(copy, dropped);
      }
    } else {
      copies.reserve(all.size());
      for (std::size_t i = 0; i < all.size(); ++i) copies.push_back(value);
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (i % kFetched == 0) Prefetch(i);
        all[i]->Offer(copies[i], dropped);
      }
    }
    // From the end, so that the one that replaces a disconnected subscriber was already visited.
    for (std::size_t i = all.size(); i > 0; --i) {
      if (all[i - 1]->disconnected.load(std::memory_order_relaxed)) Remove(*all[i - 1]);
    }
    return all.size();
  }

  void Close() {
    std::lock_guard hold(lock_);
    closed_ = true;
    for (auto& subscriber : subscribers_) subscriber->chan.Close();
    subscribers_.clear();
  }

  std::size_t Subscribers() {
    std::lock_guard hold(lock_);
    return subscribers_.size();
  }

 private:
  // About as many as the cache misses that a core can have outstanding, but not so many that the first ones are evicted again.
  static constexpr std::size_t kFetched = 16;

  // With very many subscribers none is in a cache, and each needs some five lines, one of which says where the next one is. So the same line of
  // the next few subscribers is fetched together, and then their next line.
  void Prefetch(std::size_t from) WEFT_REQUIRES(lock_) {
    const std::size_t end = std::min(subscribers_.size(), from + kFetched);
    if (end - from < kFetched && from == 0) return;  // few subscribers are probably in the cache
    for (std::size_t i = from; i < end; ++i) PrefetchToWrite(subscribers_[i].get());
    for (std::size_t i = from; i < end; ++i) PrefetchToWrite(ChanAccess::State(subscribers_[i]->chan).get());
    for (std::size_t i = from; i < end; ++i) ChanAccess::State(subscribers_[i]->chan)->PrefetchReceiver();
  }

  // The last one takes its place, so that leaving costs the same however many there are. Does nothing for one that has left already.
  void Remove(SubscriberState<T>& subscriber) WEFT_REQUIRES(lock_) {
    const std::size_t at = subscriber.place;
    if (at >= subscribers_.size() || subscribers_[at].get() != &subscriber) return;
    subscribers_.back()->place = at;
    std::swap(subscribers_[at], subscribers_.back());
    subscribers_.pop_back();
  }

  ThreadMutex lock_;  // also keeps the order of values the same for all subscribers
  bool closed_ WEFT_GUARDED_BY(lock_) = false;
  std::vector<std::shared_ptr<SubscriberState<T>>> subscribers_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_BROADCAST_STATE_H_
