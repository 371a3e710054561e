// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_EVENT_H_
#define WEFT_CONCURRENCY_EVENT_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/sync/wait_queue.h>

namespace weft {

// Something that happens once, such as "the cache is filled" (in Go, closing a chan struct{}). Any
// number of fibers and threads, of any loop, may wait for it. Later callers do not wait.
//
//   weft::Error Start(const weft::Context& ctx) {
//     weft::Event filled;
//     weft::Group group(ctx);
//     group.Go("server", [&](const weft::Context& c) -> weft::Error {
//       if (weft::Error err = filled.Wait(c)) return err;
//       return Serve(c);
//     });
//     FillCache();
//     filled.Set();
//     return group.Wait();
//   }
//
// What was done before the first Set happens before what follows a Wait that returned no error.
class Event {
 public:
  Event() = default;
  ~Event() = default;  // there must be no waiters
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Wakes all waiters. Calling it again does nothing. Never suspends.
  void Set();
  bool IsSet() const;
  // Parks until Set was called. Returns the context's error if that is done first, or already.
  Error Wait(const Context& ctx);

 private:
  internal::WaitQueue queue_{1};
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_EVENT_H_
