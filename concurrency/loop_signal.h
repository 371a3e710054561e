// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_LOOP_SIGNAL_H_
#define WEFT_CONCURRENCY_LOOP_SIGNAL_H_

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>

namespace weft {

// Lets one fiber wait for something that happens on its own loop, such as readiness of a
// descriptor. Not thread-safe. A second fiber that waits aborts by name. An Event is the same for
// any number of fibers and threads.
//
//   readable.Notify();                                   // in the watch's function, on the loop's stack
//   while (!has_bytes) {
//     if (readable.Wait(ctx, "bytes") != weft::LoopSignal::Outcome::kNotified) return ctx.Err();
//   }
class LoopSignal {
 public:
  enum class Outcome { kNotified, kContextDone, kTimedOut };

  // Parks the running fiber until Notify, the end of the context, or `until`. `waits_for` is a
  // literal, for debugging.
  Outcome Wait(const Context& ctx, const char* waits_for, TimePoint until = TimePoint::max()) noexcept;
  // Wakes the waiting fiber, if one waits.
  void Notify() noexcept;
  bool Waiting() const { return parker_ != nullptr; }

 private:
  void* parker_ = nullptr;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_SIGNAL_H_
