// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_EVENT_H_
#define WEFT_CONCURRENCY_EVENT_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/sync/wait_queue.h>

namespace weft {

// Something that happens once. Any number of fibers and threads, of any loop, wait for it; those
// that come later do not wait. What was done before Set happens before what follows a Wait that
// returned no error.
//
//   weft::Event ready;
//   group.Go("watcher", [&](const weft::Context& ctx) { return ready.Wait(ctx); });
//   ready.Set();
class Event {
 public:
  Event() = default;
  ~Event() = default;  // nobody may wait any more
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Never suspends. Calling it again does nothing.
  void Set();
  bool IsSet() const;
  // Parks until Set. Returns the context's error if that is done first, also under a context that
  // is done already.
  Error Wait(const Context& ctx);

 private:
  internal::WaitQueue queue_{1};
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_EVENT_H_
