// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SINGLEFLIGHT_H_
#define WEFT_CONCURRENCY_SINGLEFLIGHT_H_

#include <functional>
#include <memory>
#include <type_traits>
#include <unordered_map>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft {

// Runs one piece of work per key at a time. Callers that ask for a key while its work runs wait for
// it and share its result, a value or an error (Go's singleflight, with contexts). For caches that
// are filled from something slow.
//
//   class Pages {
//    public:
//     weft::Result<Page> Get(const weft::Context& ctx, const std::string& url) {
//       auto page = pages_.Do(ctx, url, [url](const weft::Context& c) { return Load(c, url); });
//       if (weft::Error err = page.Err()) return err;
//       return page->value;
//     }
//
//    private:
//     weft::Singleflight<std::string, Page> pages_;
//   };
//
// The work runs in a fiber of its own, on the loop of the caller that started it (on a plain
// thread: in a thread). So each caller can leave when its own context ends, even the one that
// started the work. The work's context has the values of that caller, but neither its cancellation
// nor its deadline. It is canceled when the last caller has left. That last caller waits until the
// work has ended, so no work outlives all calls for it. A caller that comes after the cancellation
// starts the work again.
//
// For this reason the function may outlive the call that passed it. It must not refer to that
// caller's stack: capture by value, not with [&].
//
// Any fibers and threads, of any loop, may use it. V is copied for each caller. K needs a hash and
// operator==.
template <class K, class V, class Hash = std::hash<K>>
class Singleflight {
  static_assert(std::is_copy_constructible_v<V>,
                "the value is shared: V must be copyable, for example a shared_ptr");

 public:
  struct Outcome {
    V value;
    bool shared;  // whether more than one caller got it
  };

  Singleflight() = default;
  ~Singleflight() = default;  // no Do may be in progress
  Singleflight(const Singleflight&) = delete;
  Singleflight& operator=(const Singleflight&) = delete;

  // Parks until there is a result for the key. f is a Result<V>(const Context&); it is not called
  // if the work is already running. A caller whose context ends leaves; the last one waits for the
  // work first, and returns its value if there is one after all. Under a context that is already
  // done, f is not called.
  //
  // Errors:
  //   that of the work   for all callers; an exception arrives as an error with Exception()
  //   the context's      for this caller only
  //   kDeadlock          the work for a key asks for the same key, and would wait for itself
  template <class F>
  Result<Outcome> Do(const Context& ctx, const K& key, F f);

  // Makes the next caller of Do start the work again. Callers that are already waiting still get
  // the result that they wait for. Never suspends.
  void Forget(const K& key);

 private:
  struct Journey;

  // Null: the work would wait for itself.
  std::shared_ptr<Journey> Board(const Context& ctx, const K& key, bool& first);
  template <class F>
  void Begin(const Context& ctx, Journey& journey, F f);
  void Land(Journey& journey, Result<V> result);
  void EraseLocked(const Journey& journey) WEFT_REQUIRES(lock_);

  internal::SmallLock lock_;
  std::unordered_map<K, std::shared_ptr<Journey>, Hash> flights_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#include <weft/concurrency/internal/structure/singleflight_members.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_SINGLEFLIGHT_H_
