// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_WAIT_GROUP_H_
#define WEFT_CONCURRENCY_WAIT_GROUP_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/sync/wait_queue.h>

namespace weft {

// Counts pieces of work, and waits until all have ended (Go's sync.WaitGroup). It is for work that
// something else starts and owns. Otherwise prefer Group (group.h), which also starts the work,
// cancels it and collects errors.
//
//   weft::Error CloseAll(const weft::Context& ctx, std::vector<ForeignConnection>& connections) {
//     weft::WaitGroup closing;
//     for (ForeignConnection& connection : connections) {
//       closing.Add(1);                               // before the work can call Done
//       connection.CloseThen([&] { closing.Done(); });
//     }
//     return closing.Wait(ctx);
//   }
//
// Any fiber or thread, of any loop, may use it. What was done before Done happens before what
// follows the Wait that it ends. It may be used again when the count is back at zero.
class WaitGroup {
 public:
  WaitGroup() = default;
  ~WaitGroup() = default;  // there must be no waiters
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // Adds n to the count. A count below zero aborts: that is a Done without its Add. Never suspends.
  void Add(int n);
  void Done() { Add(-1); }
  // Parks until the count is zero. Returns the context's error if that is done first.
  Error Wait(const Context& ctx);

 private:
  internal::WaitQueue queue_{0};
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_WAIT_GROUP_H_
