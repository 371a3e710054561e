// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/timer.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// Each time that was set is got by one, or taken back by one Stop or Reset.
class TimerHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = WithTimeout(worker.ctx, worker.random.Short());
    switch (worker.random.Below(6)) {
      case 0:
      case 1: return shared_.Reset(worker.random.Short());
      case 2: return shared_.Clear(worker.random.Coin());
      case 3: return (void)shared_.Wait(scope.ctx);
      case 4: return shared_.Choose(scope.ctx, worker.random.Short());
      default: return Own(worker, scope);
    }
  }

  void Check() override { shared_.Check(); }

 private:
  struct Counted {
    Timer timer;
    std::atomic<std::int64_t> set{0}, got{0}, back{0};

    void Reset(Duration after) {
      set.fetch_add(1, std::memory_order_relaxed);
      if (timer.Reset(after)) back.fetch_add(1, std::memory_order_relaxed);
    }
    void Clear(bool stop) {
      const bool was_set = stop ? timer.Stop() : timer.Reset(Duration::max());
      if (was_set) back.fetch_add(1, std::memory_order_relaxed);
    }
    bool Wait(const Context& ctx) {
      if (timer.Wait(ctx)) return false;
      got.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    void Choose(const Context& ctx, Duration other) {
      (void)Select(ctx, OnTimer(timer, [this] { got.fetch_add(1, std::memory_order_relaxed); }), OnAfter(other));
    }
    void Check() {
      Clear(true);
      Expect(set.load() == got.load() + back.load(), "timer: each time is got or taken back, once");
    }
  };

  // One stays until he has a time, one may give up; a third one moves it. It dies when they are back.
  static void Own(Worker& worker, const CancelScope& scope) {
    Counted own;
    own.Reset(worker.random.Short());
    Group group(worker.ctx, {.spread = true});
    group.Go([&](const Context& c) { Expect(own.Wait(c), "timer: who stays gets a time"); });
    group.Go([&, again = worker.random.Short()](const Context&) {
      if (own.Wait(scope.ctx)) own.Reset(again);  // so that one is left for who stays
    });
    group.Go([&, pause = worker.random.Short(), next = worker.random.Short(), stops = worker.random.Coin()](const Context& c) {
      (void)Sleep(c, pause);
      if (stops) own.Clear(true);
      own.Reset(next);
    });
    if (worker.random.Coin()) scope.cancel();
    Expect(!group.Wait(), "timer: nobody fails");
    own.Check();
  }

  Counted shared_;
};

}  // namespace

std::unique_ptr<Hammer> MakeTimerHammer() { return std::make_unique<TimerHammer>(); }

}  // namespace weft::stress
