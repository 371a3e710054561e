// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <weft/concurrency/group.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// Cancels with causes of their own, deadlines, and readers on several loops: error and cause always belong together, and never change.
class ContextHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    switch (worker.random.Below(3)) {
      case 0: return Race(worker);
      case 1: return Tree(worker);
      default: return Graph(worker);
    }
  }

  void Check() override {}

 private:
  struct Seen {
    Error err;
    Error cause;
  };

  static void Race(Worker& worker) {
    const Error causes[2] = {Error::New("first"), Error::New("second")};
    const Error late = Error::New("late");
    const CancelScope scope = WithTimeout(worker.ctx, worker.random.Short(), late);
    const CancelScope below = WithCancel(scope.ctx);
    Seen seen[2];
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i, pause = worker.random.Short(), cancels = worker.random.Coin()](const Context& c) {
        (void)Sleep(c, pause);
        if (cancels) {
          scope.cancel(causes[i]);
          Expect(static_cast<bool>(below.ctx.Err()), "context: all below is done when a cancel returns");
        }
        seen[i].err = below.ctx.Wait();
        seen[i].cause = below.ctx.Cause();
      });
    }
    Expect(!group.Wait(), "context: nobody fails");
    for (const Seen& one : seen) {
      Expect(one.err.Is(one.cause), "context: the error wraps the cause");
      Expect(one.err.Is(kDeadlineExceeded) == one.cause.Is(late), "context: error and cause are of one end");
      Expect(one.cause.Is(scope.ctx.Cause()) && one.cause.Is(seen[0].cause), "context: one cause, for all and for ever");
    }
  }

  static void Tree(Worker& worker) {
    const CancelScope scope = worker.RandomScope();
    std::vector<CancelScope> scopes;
    scopes.push_back(WithCancel(scope.ctx));
    for (int i = 0; i < 10; ++i) {
      scopes.push_back(WithTimeout(scopes[worker.random.Below(static_cast<unsigned>(scopes.size()))].ctx, worker.random.Short()));
    }
    Group group(scope.ctx, {.spread = true});
    group.Go([&](const Context&) { scopes.front().cancel(); });
    Expect(static_cast<bool>(scopes.back().ctx.Wait()), "context: the wait ends when it is done");
    group.Cancel();
    (void)group.Wait();
  }

  // Each context ends with two others, and cancels from several loops meet in all of them.
  static void Graph(Worker& worker) {
    std::vector<CancelScope> scopes;
    for (int i = 0; i < 3; ++i) scopes.push_back(WithTimeout(Background(), worker.random.Short(), Error::New("late")));
    const std::size_t roots = scopes.size();
    struct Two {
      std::size_t parent, other;
    };
    std::vector<Two> of(roots, Two{0, 0});
    const auto any = [&] { return static_cast<std::size_t>(worker.random.Below(static_cast<unsigned>(scopes.size()))); };
    for (int i = 0; i < 12; ++i) {
      const Two two{any(), any()};
      scopes.push_back(WithEither(scopes[two.parent].ctx, scopes[two.other].ctx));
      of.push_back(two);
    }
    Group group(worker.ctx, {.spread = true});
    for (std::size_t i = 0; i < roots; ++i) {
      group.Go([&, i, cancels = worker.random.Coin()](const Context&) {
        if (cancels) scopes[i].cancel(Error::New("cancel"));
        (void)scopes[i].ctx.Wait();
      });
    }
    group.Go([&](const Context&) { Expect(static_cast<bool>(scopes.back().ctx.Wait()), "context: a wait under two ends with one of them"); });
    Expect(!group.Wait(), "context: nobody fails");
    for (std::size_t i = roots; i < scopes.size(); ++i) {
      const Error cause = scopes[i].ctx.Cause();
      Expect(static_cast<bool>(cause) && scopes[i].ctx.Err().Is(cause), "context: that of two is done, and says why");
      // A deadline that has passed may be what ends it while a cancel of the one that it is from is on the way.
      const bool late = scopes[i].ctx.Err().Is(kDeadlineExceeded);
      Expect(late || cause.Is(scopes[of[i].parent].ctx.Cause()) || cause.Is(scopes[of[i].other].ctx.Cause()),
             "context: for the reason of one of the two");
    }
  }
};

}  // namespace

std::unique_ptr<Hammer> MakeContextHammer() { return std::make_unique<ContextHammer>(); }

}  // namespace weft::stress
