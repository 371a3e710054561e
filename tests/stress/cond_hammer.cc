// SPDX-License-Identifier: Apache-2.0
#include <mutex>

#include <weft/concurrency/cond.h>
#include <weft/concurrency/group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// As many items and signals as takers, one of whom may give up. Who stays gets one, or the step never ends.
class CondHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    const bool broadcast = worker.random.Below(4) == 0;
    const bool under_mutex = worker.random.Coin();
    Mutex mutex;
    Cond cond;
    int items = 0, taken = 0;  // guarded by mutex
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        std::unique_lock hold(mutex);
        if (Error err = cond.Wait(i == 0 ? scope.ctx : c, hold, [&] { return items > 0; })) {
          Expect(i == 0 && (err.Is(kCanceled) || err.Is(kDeadlineExceeded)), "cond: only its context ends a wait otherwise");
          Expect(hold.owns_lock(), "cond: it is locked in any case");
          return;
        }
        --items;
        ++taken;
      });
    }
    group.Go([&](const Context&) {
      for (int n = 0; n < 3; ++n) {
        std::unique_lock hold(mutex);
        ++items;
        if (!under_mutex) hold.unlock();
        broadcast ? cond.Broadcast() : cond.Signal();
      }
    });
    if (worker.random.Coin()) scope.cancel();
    Expect(!group.Wait(), "cond: nobody fails");
    Expect(items + taken == 3 && taken >= 2, "cond: each item is taken once");
  }

  void Check() override {}
};

}  // namespace

std::unique_ptr<Hammer> MakeCondHammer() { return std::make_unique<CondHammer>(); }

}  // namespace weft::stress
