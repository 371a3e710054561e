// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SINGLEFLIGHT_MEMBERS_H_
#define WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SINGLEFLIGHT_MEMBERS_H_

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/call_result.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/structure/flight.h>
#include <weft/concurrency/scope.h>
#include <weft/concurrency/singleflight.h>

namespace weft {

template <class K, class V, class Hash>
struct Singleflight<K, V, Hash>::Journey final : internal::Flight {
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

template <class K, class V, class Hash>
template <class F>
Result<typename Singleflight<K, V, Hash>::Outcome> Singleflight<K, V, Hash>::Do(const Context& ctx, const K& key, F f) {
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
  // What has already happened takes precedence.
  if (joined && journey->result->Ok()) return journey->Get();
  return left;
}

template <class K, class V, class Hash>
void Singleflight<K, V, Hash>::Forget(const K& key) {
  std::lock_guard hold(lock_);
  flights_.erase(key);
}

template <class K, class V, class Hash>
std::shared_ptr<typename Singleflight<K, V, Hash>::Journey> Singleflight<K, V, Hash>::Board(const Context& ctx, const K& key, bool& first) {
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
        at->second->SharesLock();
        at->second->JoinLocked();
        return at->second;
      }
    }
    fresh = std::make_shared<Journey>(lock_, key);
  }
}

template <class K, class V, class Hash>
template <class F>
void Singleflight<K, V, Hash>::Begin(const Context& ctx, Journey& journey, F f) {
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

template <class K, class V, class Hash>
void Singleflight<K, V, Hash>::Land(Journey& journey, Result<V> result) {
  try {
    journey.result.emplace(std::move(result));
  } catch (...) {  // moving the value failed; the callers must not wait forever all the same
    journey.result.emplace(Error::FromException(std::current_exception()));
  }
  std::lock_guard hold(lock_);
  journey.SharesLock();
  journey.shared = journey.SharedLocked();
  EraseLocked(journey);
  journey.LandLocked();
}

template <class K, class V, class Hash>
void Singleflight<K, V, Hash>::EraseLocked(const Journey& journey) {
  const auto at = flights_.find(journey.key);
  if (at != flights_.end() && at->second.get() == &journey) flights_.erase(at);
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SINGLEFLIGHT_MEMBERS_H_
