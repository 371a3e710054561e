// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_FIBER_TURN_H_
#define WEFT_NET_INTERNAL_FIBER_TURN_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

// Decides which of two fibers of a loop may use something across a suspension, such as the sending side of a
// connection. One has the turn, one may wait for it.
//
//   turn.Wait("turn to send");
//   FiberTurn::Hold hold(turn);
class FiberTurn {
 public:
  class [[nodiscard]] Hold {
   public:
    explicit Hold(FiberTurn& turn) : turn_(turn) { turn_.taken_ = true; }
    ~Hold() {
      turn_.taken_ = false;
      turn_.next_.Notify();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    FiberTurn& turn_;
  };

  bool Taken() const { return taken_; }
  bool SomebodyWaits() const { return next_.Waiting(); }
  // Parks until it is free. `waits_for` is a literal, for debugging.
  void Wait(const char* waits_for) { static_cast<void>(Wait(Background(), waits_for)); }
  // The same under a context. False: the context is done, and another fiber still has the turn.
  bool Wait(const Context& ctx, const char* waits_for) {
    while (taken_) {
      if (next_.Wait(ctx, waits_for) == LoopSignal::Outcome::kContextDone) return !taken_;
    }
    return true;
  }

 private:
  bool taken_ = false;
  LoopSignal next_;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_FIBER_TURN_H_
