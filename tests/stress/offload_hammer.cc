// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/offload.h>

#include <weft/concurrency/group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class OffloadHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    if (worker.random.Coin()) scope.cancel();
    // On this stack, and plain: the function must be over, or never begin.
    int begun = 0;
    int ended = 0;
    const Error err = Offload(scope.ctx, [&, nap = worker.random.Below(4) == 0](const Context& c) {
      ++begun;
      if (nap) (void)Sleep(c, std::chrono::microseconds(20));
      ++ended;
    });
    Expect(begun == ended, "Offload: it returns when the function has ended");
    Expect(begun == (err ? 0 : 1), "Offload: without an error it ran once, with one never");
  }

  void Check() override {}
};

}  // namespace

std::unique_ptr<Hammer> MakeOffloadHammer() { return std::make_unique<OffloadHammer>(); }

}  // namespace weft::stress
