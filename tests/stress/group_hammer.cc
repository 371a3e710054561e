// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <weft/concurrency/group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class GroupHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    // Threads are dear.
    const unsigned members = 1 + worker.random.Below(worker.in_fiber ? 8 : 2);
    const int limit = static_cast<int>(worker.random.Below(4));
    const int fails = static_cast<int>(worker.random.Below(16));
    const CancelScope scope = worker.RandomScope();
    const Error failure = Error::New("member failed");
    std::atomic<int> running{0}, ran{0}, failed{0};
    int taken = 0;
    {
      Group group(scope.ctx, {.limit = limit, .spread = worker.random.Coin()});
      for (int i = 0; i < static_cast<int>(members); ++i) {
        const bool wait = worker.random.Coin();
        const auto member = [&, i, pause = worker.random.Short()](const Context& c) -> Error {
          const int now = running.fetch_add(1) + 1;
          Expect(limit == 0 || now <= limit, "group: no more members than the limit");
          if (i % 2 == 0) (void)Sleep(c, pause);
          running.fetch_sub(1);
          ran.fetch_add(1);
          if (i != fails) return c.Err();
          failed.fetch_add(1);
          return failure;
        };
        taken += (wait ? group.Go(member) : group.TryGo(member)) ? 1 : 0;
      }
      if (worker.random.Coin()) group.Cancel();
      if (worker.random.Coin()) {
        const Error err = group.Wait();
        Expect(running.load() == 0 && ran.load() == taken, "group: Wait joins all that was started");
        Expect(failed.load() != 0 || !err.Is(failure), "group: no error that nobody returned");
        Expect(static_cast<bool>(group.Ctx().Err()), "group: its context ends with Wait");
      }
    }
    Expect(ran.load() == taken, "group: its end joins all that was started");
  }

  void Check() override {}
};

}  // namespace

std::unique_ptr<Hammer> MakeGroupHammer() { return std::make_unique<GroupHammer>(); }

}  // namespace weft::stress
