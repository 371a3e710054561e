// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <weft/concurrency/group.h>
#include <weft/concurrency/wait_group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class WaitGroupHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    const int count = 1 + static_cast<int>(worker.random.Below(4));
    WaitGroup work;
    std::atomic<int> left{count};
    work.Add(count);
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < count; ++i) {
      group.Go([&, yield = worker.random.Coin()](const Context&) {
        if (yield) Yield();
        left.fetch_sub(1, std::memory_order_relaxed);
        work.Done();
      });
    }
    if (work.Wait(scope.ctx)) Expect(static_cast<bool>(scope.ctx.Err()), "wait group: only its context ends a wait otherwise");
    Expect(!work.Wait(Background()), "wait group: it ends");
    Expect(left.load(std::memory_order_relaxed) == 0, "wait group: not before the last Done");
    Expect(!group.Wait(), "wait group: nobody fails");
  }

  void Check() override {}
};

}  // namespace

std::unique_ptr<Hammer> MakeWaitGroupHammer() { return std::make_unique<WaitGroupHammer>(); }

}  // namespace weft::stress
