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
// and never those in between, so a slow reader costs nothing and misses nothing that still matters.
// A shared handle, as Chan; all calls may come from any thread, and what was done before Set
// happens before what follows a read of its value.
//
//   weft::Watch<Config> config(Load());
//   group.Go([reader = config.Reader()](const weft::Context& ctx) mutable -> weft::Error {
//     for (;;) {
//       weft::Result<Config> next = reader.Next(ctx);   // the present value first, then each time it has changed
//       if (weft::Error err = next.Err()) return err;
//       Apply(*next);
//     }
//   });
//   config.Set(Load());
template <class T>
class Watch {
 public:
  explicit Watch(T initial) : state_(std::make_shared<internal::WatchState<T>>(std::move(initial))) {}

  // Wakes all readers that wait. Never waits. After Close it does nothing.
  void Set(T value) const {
    auto fresh = std::make_shared<const T>(std::move(value));
    std::lock_guard hold(state_->queue.lock());
    if (state_->queue.ClosedLocked()) return;
    std::swap(state_->value, fresh);  // the old one is destroyed after the lock
    state_->queue.BumpLocked();
  }
  std::shared_ptr<const T> Snapshot() const {
    std::lock_guard hold(state_->queue.lock());
    return state_->value;
  }
  T Get() const { return *Snapshot(); }
  // No other value comes: readers that have seen the last one get kClosed.
  void Close() const { state_->queue.Close(); }
  // A reader that has seen nothing yet.
  WatchReader<T> Reader() const { return WatchReader<T>(state_); }

 private:
  std::shared_ptr<internal::WatchState<T>> state_;
};

// What one reader of a Watch has seen. For one fiber at a time.
template <class T>
class WatchReader {
 public:
  // Parks until there is a value that this reader has not seen. kClosed after the last one; the
  // context's error if that is done first. If copying the value throws, it counts as not seen.
  Result<T> Next(const Context& ctx) {
    if (Error err = state_->queue.WaitForAnother(ctx, seen_)) return err;
    return Take();
  }
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

namespace internal {
template <class T, class F>
class ChangeCase final : public VersionCase {
 public:
  ChangeCase(WatchReader<T>& reader, F f) : VersionCase(reader.state_->queue, reader.seen_), reader_(reader), f_(std::move(f)) {}
  Error Finish() override { return CallCase(f_, reader_.Take()); }

 private:
  WatchReader<T>& reader_;
  F f_;
};
}  // namespace internal

// A case of a Select: there is a value that the reader has not seen. f(Result<T>): the newest one,
// or kClosed.
template <class T, class F>
auto OnChange(WatchReader<T>& reader, F f) {
  return internal::ChangeCase<T, F>(reader, std::move(f));
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_WATCH_H_
