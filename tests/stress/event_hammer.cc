// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// An event that dies as soon as everybody is back, with waiters of several loops of which some give up.
class EventHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    int message = 0;
    Event event;
    Group group(worker.ctx, {.limit = 3, .spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&, patient = worker.random.Coin()](const Context& c) {
        const Error err = event.Wait(patient ? c : scope.ctx);
        if (err) {
          Expect(!patient && (err.Is(kCanceled) || err.Is(kDeadlineExceeded)), "event: only its context ends a wait otherwise");
        } else {
          Expect(message == 1, "event: what was done before Set is seen");
        }
      });
    }
    group.Go([&, pause = worker.random.Short(), early = worker.random.Coin()](const Context& c) {
      if (!early) (void)Sleep(c, pause);
      message = 1;
      event.Set();
    });
    if (worker.random.Coin()) scope.cancel();
    Expect(!group.Wait(), "event: nobody fails");
  }

  void Check() override {}
};

}  // namespace

std::unique_ptr<Hammer> MakeEventHammer() { return std::make_unique<EventHammer>(); }

}  // namespace weft::stress
