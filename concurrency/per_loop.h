// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_PER_LOOP_H_
#define WEFT_CONCURRENCY_PER_LOOP_H_

#include <functional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/internal/base/lifetimebound.h>
#include <weft/concurrency/internal/sync/per_loop_base.h>

namespace weft {

// One T for each loop, made by the first fiber there that asks for it. It is for objects that the
// fibers of a loop share with each other but not with other loops, such as a pool of connections
// that were made with CurrentExecutor. A loop is one thread, so a T needs no lock as long as no
// fiber parks in the middle of a change.
//
//   weft::PerLoop<Counters> counters;                  // in main, or next to the server
//
//   void Count() { ++counters->requests; }             // in any fiber, without a lock
//
// Each T is made and destroyed on its own loop. It ends with the loop (on the loop's own stack,
// before the loop's Asio objects), or with the PerLoop if that ends first: the destructor waits
// until all loops have destroyed theirs. So making or destroying a T must not wait, and must not
// ask for this T; either aborts. A PerLoop serves all loops of the process, of any scheduler.
template <class T>
class PerLoop : private internal::PerLoopBase {
 public:
  // Default-constructs each T.
  PerLoop()
    requires std::is_default_constructible_v<T>
      : PerLoop([] { return T(); }) {}
  // `make` is called on each loop, by several loops at the same time.
  explicit PerLoop(std::function<T()> make) : PerLoopBase(kType), make_(std::move(make)) {}
  ~PerLoop() = default;  // may park; aborts on a loop's own stack while another loop has a T

  // The T of this loop. It is valid as long as both the loop and the PerLoop live. Never suspends.
  // An exception of `make` is passed to the caller, and the next call tries again. Aborts on a
  // plain thread.
  T& Get() WEFT_LIFETIMEBOUND { return *static_cast<T*>(PerLoopBase::Get()); }
  T& operator*() WEFT_LIFETIMEBOUND { return Get(); }
  T* operator->() WEFT_LIFETIMEBOUND { return &Get(); }

 private:
  static void* Make(PerLoopBase& self) { return new T(static_cast<PerLoop&>(self).make_()); }
  static void Destroy(void* value) { delete static_cast<T*>(value); }
  static constexpr Type kType{&Make, &Destroy};

  std::function<T()> make_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_PER_LOOP_H_
