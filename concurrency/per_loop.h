// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_PER_LOOP_H_
#define WEFT_CONCURRENCY_PER_LOOP_H_

#include <functional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/internal/base/lifetimebound.h>
#include <weft/concurrency/internal/sync/per_loop_base.h>

namespace weft {

// One T for each loop, made by the first fiber that asks for it there: for what is shared by the
// fibers of a loop and not between loops, such as a pool of connections that were made with
// CurrentExecutor. It needs no lock as long as nobody parks in the middle of a change.
//
//   weft::PerLoop<BackendPool> pools;                        // in main, or beside the server
//   mux.Handle("GET /", [&](weft::ResponseWriter& w, weft::Request& r) { return Answer(w, r, *pools); });
//
// Each T is made and destroyed on its loop. It ends with the loop (on the loop's own stack, before
// the loop's Asio objects), or with the PerLoop if that is first: the destructor waits until all
// loops have destroyed theirs. So neither making nor destroying a T may wait, and while making it
// nobody may ask for it; both abort. A PerLoop serves all loops of the process, of any scheduler.
template <class T>
class PerLoop : private internal::PerLoopBase {
 public:
  PerLoop()
    requires std::is_default_constructible_v<T>
      : PerLoop([] { return T(); }) {}
  // `make` is called on each loop, by several at the same time.
  explicit PerLoop(std::function<T()> make) : PerLoopBase(kType), make_(std::move(make)) {}
  ~PerLoop() = default;  // may park; aborts on a loop's own stack while another loop has a T

  // The T of this loop; valid as long as the loop and the PerLoop live. Never suspends. Aborts on a
  // plain thread. An exception of `make` goes to the caller, and the next one tries again.
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
