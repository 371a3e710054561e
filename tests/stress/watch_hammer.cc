// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// Watch and Broadcast, each with readers of several loops of whom some give up for a while.
class WatchHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    if (worker.random.Coin()) {
      Watching(worker, scope);
    } else {
      Broadcasting(worker, scope);
    }
  }

  void Check() override {}

 private:
  static void Watching(Worker& worker, const CancelScope& scope) {
    const Watch<std::pair<int, int>> watch({0, 0});
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i, reader = watch.Reader()](const Context& c) mutable {
        int last = -1;
        bool patient = i == 0;
        for (;;) {
          const auto next = reader.Next(patient ? c : scope.ctx);
          if (!next.Ok() && next.Err().Is(kClosed)) break;
          if (next.Ok()) {
            Expect(next->first == next->second && next->first > last, "watch: whole values, each newer");
            last = next->first;
          } else {
            patient = true;
          }
        }
        Expect(last == 5, "watch: the last value is seen");
      });
    }
    group.Go([&](const Context&) {
      for (int n = 1; n <= 5; ++n) watch.Set({n, n});
      watch.Close();
    });
    if (worker.random.Coin()) scope.cancel();
    Expect(!group.Wait(), "watch: nobody fails");
  }

  static void Broadcasting(Worker& worker, const CancelScope& scope) {
    const Broadcast<int> broadcast;
    std::vector<int> seen[3];
    Group group(worker.ctx, {.spread = true});
    for (std::size_t i = 0; i < 3; ++i) {
      group.Go([&, i, sub = broadcast.Subscribe({.capacity = i == 2 ? 2U : 16U})](const Context& c) mutable {
        const auto take = [&](int value) { seen[i].push_back(value); };
        if (i == 1) (void)sub.Channel().ForEach(scope.ctx, take);
        Expect(!sub.Channel().ForEach(c, take), "broadcast: it ends by the close");
        Expect(i != 2 || seen[i].size() + sub.Missed() == 10, "broadcast: received or missed");
      });
    }
    Group publishers(worker.ctx, {.spread = true});
    for (int p = 0; p < 2; ++p) {
      publishers.Go([&, p](const Context&) {
        for (int n = 0; n < 5; ++n) (void)broadcast.Publish(10 * p + n);
      });
    }
    Expect(!publishers.Wait(), "broadcast: nobody fails");
    broadcast.Close();
    Expect(!group.Wait(), "broadcast: nobody fails");
    Expect(seen[0].size() == 10 && seen[0] == seen[1], "broadcast: all see the same, in one order");
  }
};

}  // namespace

std::unique_ptr<Hammer> MakeWatchHammer() { return std::make_unique<WatchHammer>(); }

}  // namespace weft::stress
