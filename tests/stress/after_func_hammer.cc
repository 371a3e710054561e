// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class AfterFuncHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    int ran = 0;
    bool stopped = false;
    Group group(worker.ctx, {.spread = true});
    {
      StopFunc stop = AfterFunc(scope.ctx, [&ran] { ++ran; });
      if (worker.random.Coin()) group.Go([&](const Context&) { scope.cancel(); });
      if (worker.random.Coin()) scope.cancel();
      if (worker.random.Coin()) Yield();
      stopped = stop();
    }
    // Its end has joined the function, so this plain read is no race.
    Expect(ran == (stopped ? 0 : 1), "AfterFunc: the function runs once, or was stopped");
    Expect(!group.Wait(), "AfterFunc: the canceling member does not fail");
  }

  void Check() override {}
};

}  // namespace

std::unique_ptr<Hammer> MakeAfterFuncHammer() { return std::make_unique<AfterFuncHammer>(); }

}  // namespace weft::stress
