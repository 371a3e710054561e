// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_LOOP_SIGNAL_H_
#define WEFT_CONCURRENCY_LOOP_SIGNAL_H_

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>

namespace weft {

// Lets one fiber wait for something that happens on its own loop, such as the readiness of a
// descriptor. For servers and drivers that are built on weft; Event (event.h) does the same for any
// number of fibers and threads.
//
//   struct Input {
//     weft::LoopSignal readable;
//     bool has_bytes = false;
//
//     void OnBytes() {                             // on the loop's stack
//       has_bytes = true;
//       readable.Notify();
//     }
//     weft::Error WaitForBytes(const weft::Context& ctx) {
//       while (!has_bytes) {
//         const auto outcome = readable.Wait(ctx, "bytes");
//         if (outcome != weft::LoopSignal::Outcome::kNotified) return ctx.Err();
//       }
//       return {};
//     }
//   };
//
// It is not thread-safe: Notify and Wait are called on the same loop. It keeps no state, so a
// Notify without a waiter is lost; test a condition of your own, as above. A second fiber that
// waits aborts.
class LoopSignal {
 public:
  enum class Outcome { kNotified, kContextDone, kTimedOut };

  // Parks the running fiber until Notify, until the context is done, or until `until`, whichever
  // comes first. `waits_for` is a literal that fiber lists show.
  Outcome Wait(const Context& ctx, const char* waits_for,
               TimePoint until = TimePoint::max()) noexcept;
  // Wakes the waiting fiber, if there is one. Never suspends.
  void Notify() noexcept;
  // Whether a fiber waits.
  bool Waiting() const { return parker_ != nullptr; }

 private:
  void* parker_ = nullptr;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_SIGNAL_H_
