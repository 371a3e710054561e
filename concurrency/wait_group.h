// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_WAIT_GROUP_H_
#define WEFT_CONCURRENCY_WAIT_GROUP_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/sync/wait_queue.h>

namespace weft {

// Waits for a number of things to end (Go's sync.WaitGroup). Prefer Group, which also starts,
// cancels and collects errors; this is for work that something else owns. Add before the work can
// call Done. It may be used again when the count is back at zero.
class WaitGroup {
 public:
  WaitGroup() = default;
  ~WaitGroup() = default;  // nobody may wait any more
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // A count below zero aborts: a Done without its Add.
  void Add(int n);
  void Done() { Add(-1); }
  // Parks until the count is zero. Returns the context's error if that is done first.
  Error Wait(const Context& ctx);

 private:
  internal::WaitQueue queue_{0};
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_WAIT_GROUP_H_
