// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_WATCH_H_
#define WEFT_CONCURRENCY_WATCH_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/channel/version_queue.h>

namespace weft {

namespace internal {
template <class T, class F>
class ChangeCase;
}  // namespace internal

template <class T>
class WatchReader;

// The latest value of something: a configuration, a leader, a price. Readers get the newest value
// and never the ones in between, so a slow reader costs nothing and misses nothing that still
// matters. To deliver every value instead, use a Broadcast (broadcast.h).
//
//   weft::Error Follow(const weft::Context& ctx, const weft::Watch<Config>& config) {
//     for (weft::WatchReader<Config> reader = config.Reader();;) {
//       weft::Result<Config> next = reader.Next(ctx);   // the current value, then each change
//       if (weft::Error err = next.Err()) return err;
//       Apply(*next);
//     }
//   }
//
// A Watch is a small handle that shares its state, like a Chan: copies are the same watch, which
// lives as long as one of them, or a reader. All calls may come from any thread. What was done
// before Set happens before what follows a read of its value.
template <class T>
class Watch {
 public:
  explicit Watch(T initial)
      : state_(std::make_shared<internal::WatchState<T>>(std::move(initial))) {}

  // Replaces the value and wakes all waiting readers. After Close it does nothing. Never suspends.
  void Set(T value) const {
    auto fresh = std::make_shared<const T>(std::move(value));
    std::lock_guard hold(state_->queue.lock());
    if (state_->queue.ClosedLocked()) return;
    std::swap(state_->value, fresh);  // the old one is destroyed after the lock
    state_->queue.BumpLocked();
  }
  // The current value, without a copy. The next Set does not change the object. Never suspends.
  std::shared_ptr<const T> Snapshot() const {
    std::lock_guard hold(state_->queue.lock());
    return state_->value;
  }
  // A copy of the current value.
  T Get() const { return *Snapshot(); }
  // No further value will come: readers that have seen the last one get kClosed. Never suspends.
  void Close() const { state_->queue.Close(); }
  // Makes a reader that has not seen any value yet.
  WatchReader<T> Reader() const { return WatchReader<T>(state_); }

 private:
  std::shared_ptr<internal::WatchState<T>> state_;
};

// Remembers what one reader of a Watch has seen. For one fiber or thread at a time.
template <class T>
class WatchReader {
 public:
  // Parks until there is a value that this reader has not seen, and returns the newest one. Errors:
  // kClosed if the last value was seen and the watch is closed; the context's error if that is done
  // first. If copying the value throws, it counts as not seen.
  Result<T> Next(const Context& ctx) {
    if (Error err = state_->queue.WaitForAnother(ctx, seen_)) return err;
    return Take();
  }
  // Whether Next would return a value at once. Never suspends.
  bool HasChanged() const {
    std::lock_guard hold(state_->queue.lock());
    return state_->queue.VersionLocked() != seen_;
  }

 private:
  friend class Watch<T>;
  template <class, class>
  friend class internal::ChangeCase;
  explicit WatchReader(std::shared_ptr<internal::WatchState<T>> state) : state_(std::move(state)) {}

  Result<T> Take() {
    std::shared_ptr<const T> value;
    std::uint64_t version = 0;
    {
      std::lock_guard hold(state_->queue.lock());
      version = state_->queue.VersionLocked();
      if (version == seen_) return kClosed;
      value = state_->value;
    }
    Result<T> taken(*value);
    seen_ = version;
    return taken;
  }

  std::shared_ptr<internal::WatchState<T>> state_;
  std::uint64_t seen_ = 0;
};

// A case of a Select (select.h): there is a value that the reader has not seen. f(Result<T>) gets
// the newest one, or kClosed. The reader must live as long as the Select.
//
//   weft::Error FollowOrStop(weft::Request& r, weft::WatchReader<Config>& reader) {
//     return weft::Select(r.Ctx(), weft::OnDone(r.Draining()),
//                         weft::OnChange(reader, [](weft::Result<Config> next) -> weft::Error {
//                           if (next.Ok()) Apply(*next);
//                           return next.Err();
//                         })).Err();
//   }
template <class T, class F>
auto OnChange(WatchReader<T>& reader, F f) {
  return internal::ChangeCase<T, F>(reader, std::move(f));
}

}  // namespace weft

#include <weft/concurrency/internal/channel/change_case.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_WATCH_H_
