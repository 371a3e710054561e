// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SINGLEFLIGHT_H_
#define WEFT_CONCURRENCY_SINGLEFLIGHT_H_

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/call_result.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/structure/flight.h>
#include <weft/concurrency/scope.h>

namespace weft {

// Runs one piece of work per key at a time: callers that come while it runs wait for it and share
// what it gives, a value or an error (Go's singleflight, but with contexts). For caches that are
// filled from something slow.
//
//   weft::Singleflight<std::string, Page> pages;
//   auto page = pages.Do(ctx, url, [url](const weft::Context& ctx) { return Load(ctx, url); });
//   if (weft::Error err = page.Err()) return err;
//   Show(page->value);
//
// The work runs in a fiber of the loop of the caller that began it (on a plain thread: in a
// thread), not in the caller itself, because each caller may leave alone when its context ends,
// also that one. Its context has the values of that caller but neither its cancellation nor its
// deadline: it is canceled when the last caller has left. That last caller waits until the work has
// ended; so no work outlives all calls for it. Whoever comes after the cancel begins anew.
//
// The function may therefore outlive the call that gave it. It must not refer to that caller's
// stack: capture by value, not [&].
//
// For any fibers and threads, of any loop. V is copied for each caller; K needs a hash and ==.
template <class K, class V, class Hash = std::hash<K>>
class Singleflight {
  static_assert(std::is_copy_constructible_v<V>, "the value is shared: V must be copyable, for example a shared_ptr");

 public:
  struct Outcome {
    V value;
    bool shared;  // more than one caller got it
  };

  Singleflight() = default;
  ~Singleflight() = default;  // nobody may be in Do any more
  Singleflight(const Singleflight&) = delete;
  Singleflight& operator=(const Singleflight&) = delete;

  // Parks until there is a result for the key. f: Result<V>(const Context&); it is not called if
  // the work runs already. Errors: that of the work, for all callers (an exception arrives as one
  // with Exception()); the context's, for this caller only; kDeadlock when the work for a key asks
  // for that key again. Under a done context f is not called. The last caller whose context ends
  // waits for the work, and returns its value if it gave one all the same.
  template <class F>
  Result<Outcome> Do(const Context& ctx, const K& key, F f) {
    internal::ExplorePoint();
    if (Error err = ctx.Err()) return err;
    bool first = false;
    const std::shared_ptr<Journey> journey = Board(ctx, key, first);
    if (journey == nullptr) return internal::AsksForItself();
    if (first) Begin(ctx, *journey, std::move(f));
    const Error left = journey->Wait(ctx);
    std::optional<Result<Outcome>> got;
    if (!left) got.emplace(journey->Get());
    const bool joined = journey->Leave([&]() WEFT_REQUIRES(lock_) { EraseLocked(*journey); });
    if (got.has_value()) return std::move(*got);
    // What has happened already wins.
    if (joined && journey->result->Ok()) return journey->Get();
    return left;
  }

  // The next caller of Do begins anew; those that wait still get what they wait for.
  void Forget(const K& key) {
    std::lock_guard hold(lock_);
    flights_.erase(key);
  }

 private:
  struct Journey final : internal::Flight {
    Journey(internal::SmallLock& lock, const K& k) : Flight(lock), key(k) {}

    // For each caller once, when the result is there.
    Result<Outcome> Get() {
      if (!result->Ok()) return result->Err();
      try {
        if (shared) return Outcome{**result, true};
        return Outcome{std::move(**result), false};
      } catch (...) {
        return Error::FromException(std::current_exception());
      }
    }

    const K key;
    std::optional<Result<V>> result;  // written before the landing, read after it
    bool shared = false;
  };

  // Null: the work would wait for itself.
  std::shared_ptr<Journey> Board(const Context& ctx, const K& key, bool& first) {
    const Context current = CurrentContext();
    std::shared_ptr<Journey> fresh;
    for (;;) {
      {
        std::lock_guard hold(lock_);
        auto at = flights_.find(key);
        if (at == flights_.end() && fresh != nullptr) {
          at = flights_.emplace(key, std::move(fresh)).first;
          first = true;
        }
        if (at != flights_.end()) {
          if (at->second->Carries(ctx) || at->second->Carries(current)) return nullptr;
          at->second->JoinLocked();
          return at->second;
        }
      }
      fresh = std::make_shared<Journey>(lock_, key);
    }
  }

  template <class F>
  void Begin(const Context& ctx, Journey& journey, F f) {
    try {
      const Error failed = journey.Begin(ctx, [this, &journey, work = std::move(f)](const Context& c) mutable {
        const ScopedWork own;  // it belongs to no request
        Land(journey, internal::CallReturningResult<V>(work, c));
      });
      if (failed) Land(journey, failed);
    } catch (...) {
      Land(journey, Error::FromException(std::current_exception()));
    }
  }

  void Land(Journey& journey, Result<V> result) {
    try {
      journey.result.emplace(std::move(result));
    } catch (...) {  // moving the value failed; all the same they must not wait for ever
      journey.result.emplace(Error::FromException(std::current_exception()));
    }
    std::lock_guard hold(lock_);
    journey.shared = journey.SharedLocked();
    EraseLocked(journey);
    journey.LandLocked();
  }

  void EraseLocked(const Journey& journey) WEFT_REQUIRES(lock_) {
    const auto at = flights_.find(journey.key);
    if (at != flights_.end() && at->second.get() == &journey) flights_.erase(at);
  }

  internal::SmallLock lock_;
  std::unordered_map<K, std::shared_ptr<Journey>, Hash> flights_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SINGLEFLIGHT_H_
