// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/timer.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// Channels that all share, in different orders, and pairs that meet.
class SelectHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = WithTimeout(worker.ctx, worker.random.Short());
    const unsigned at = worker.random.Below(3);
    const Chan<std::int64_t>&x = chans_[at], &y = chans_[(at + 1) % 3];
    const std::int64_t number = next_.fetch_add(1, std::memory_order_relaxed);
    int cases = 0;
    const auto sent = [&] {
      ++cases;
      sum_.fetch_add(number, std::memory_order_relaxed);
    };
    const auto took = [&](Result<std::int64_t> value) {
      ++cases;
      sum_.fetch_sub(*value, std::memory_order_relaxed);
    };
    const auto other = [&] { ++cases; };
    Result<std::size_t> which = 0;
    switch (worker.random.Below(5)) {
      case 0: which = Select(scope.ctx, OnSend(x, number, sent), OnReceive(y, took)); break;
      case 1: which = Select(scope.ctx, OnReceive(x, took), OnReceive(y, took), OnAfter(worker.random.Short(), other)); break;
      case 2: which = Select(worker.ctx, OnSend(x, number, sent), OnSend(y, number, sent), OnDone(scope.ctx, other)); break;
      case 3: which = SelectInOrder(worker.ctx, OnReceive(x, took), OnSend(y, number, sent), OnDefault(other)); break;
      default: return Meet(worker, scope);
    }
    Expect(cases == (which.Ok() ? 1 : 0), "select: exactly one case, or an error");
  }

  void Check() override {
    while (auto value = chans_[2].TryReceive()) sum_.fetch_sub(*value);
    Expect(sum_.load() == 0, "select: each value that was sent came out once");
    for (const Chan<std::int64_t>& chan : chans_) Expect(!chan.TryReceive(), "select: no sender is left in a queue");
    for (int i = 0; i < 2; ++i) Expect(!chans_[i].TrySend(0), "select: no receiver is left in a queue");
  }

 private:
  // Each offers both ways; one of them may give up, and a timer is set anew meanwhile.
  static void Meet(Worker& worker, const CancelScope& scope) {
    const Chan<int> there(0), back(0);
    Timer timer(worker.random.Short());
    std::atomic<int> sent{0}, got{0}, timed{0};
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const auto meet = [&](const Context& under) {
          return Select(under, OnSend(i == 0 ? there : back, i, [&] { ++sent; }),
                        OnReceive(i == 0 ? back : there, [&](Result<int>) { ++got; }),
                        OnTimer(timer, [&] {
                          ++timed;
                          timer.Reset(Duration(1000));
                        }));
        };
        if (!meet(i == 1 ? scope.ctx : c).Ok()) Expect(i == 1, "select: only its context ends it");
      });
    }
    timer.Reset(worker.random.Short());
    Expect(!group.Wait(), "select: nobody fails");
    Expect(sent == got && sent + got + timed >= 2, "select: two that meet agree on one case");
  }

  const Chan<std::int64_t> chans_[3] = {Chan<std::int64_t>(0), Chan<std::int64_t>(0), Chan<std::int64_t>(2)};
  std::atomic<std::int64_t> next_{1}, sum_{0};
};

}  // namespace

std::unique_ptr<Hammer> MakeSelectHammer() { return std::make_unique<SelectHammer>(); }

}  // namespace weft::stress
