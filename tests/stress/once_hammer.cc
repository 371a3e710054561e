// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>
#include <weft/concurrency/once.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class OnceHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    if (worker.random.Coin()) {
      Do(worker, scope);
    } else {
      Settle(worker, scope);
    }
  }

  void Check() override {}

 private:
  static void Do(Worker& worker, const CancelScope& scope) {
    Once once;
    int runs = 0;
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i, pause = worker.random.Short()](const Context& c) {
        const auto work = [&] {
          (void)Sleep(c, pause);
          ++runs;
        };
        if (once.Do(i == 0 ? scope.ctx : c, work)) {
          Expect(i == 0, "once: only its context ends a Do");
        } else {
          Expect(runs == 1, "once: it was done once, and all see it");
        }
      });
    }
    if (worker.random.Coin()) scope.cancel();
    Expect(!group.Wait(), "once: nobody fails");
  }

  // The one that runs it may be canceled: then another one does.
  static void Settle(Worker& worker, const CancelScope& scope) {
    int settled = 0;
    OnceResult<int> value([&, pause = worker.random.Short()](const Context& c) -> Result<int> {
      if (Error err = Sleep(c, pause)) return err;
      return ++settled;
    });
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const Result<const int*> got = value.Get(i < 2 ? scope.ctx : c);
        Expect(got.Ok() ? **got == 1 : i < 2, "once: one value for all who stay");
      });
    }
    if (worker.random.Coin()) scope.cancel();
    Expect(!group.Wait(), "once: nobody fails");
    Expect(settled == 1, "once: it is settled once");
  }
};

}  // namespace

std::unique_ptr<Hammer> MakeOnceHammer() { return std::make_unique<OnceHammer>(); }

}  // namespace weft::stress
