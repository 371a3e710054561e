// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/timer.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// A ticker that is stopped and set anew while some wait for it; and one that all share.
class TickerHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = WithTimeout(worker.ctx, worker.random.Short());
    switch (worker.random.Below(4)) {
      case 0: return shared_.Reset(Period(worker));
      case 1: return shared_.Stop();
      case 2: {
        const Result<TimePoint> tick = shared_.Wait(scope.ctx);
        return Expect(!tick.Ok() || (*tick >= start_ && *tick <= Now()), "ticker: a tick is not of the future");
      }
      default: return Own(worker, scope);
    }
  }

  void Check() override {}

 private:
  static Duration Period(Worker& worker) { return Duration(1000) + worker.random.Short() / 4; }

  // Its phases, each with a number of its own, so that who waited knows whether it has changed meanwhile.
  struct Phased {
    enum Phase : unsigned { kRuns, kIsStopping, kStands, kIsSetAnew, kPhases };
    explicit Phased(Duration p) : period(p), ticker(p) {}

    void Stop() {
      number += 1;
      ticker.Stop();
      number += 1;
    }
    void Reset() {
      number += kIsSetAnew - number % kPhases;
      from = Now();
      ticker.Reset(period);
      number += 1;
    }

    const Duration period;
    std::atomic<unsigned> number{kRuns};
    std::atomic<TimePoint> from{Now()};  // before the ticker is set
    Ticker ticker;
  };

  struct Waiter {
    Phased& own;
    const bool selects;
    TimePoint last{};
    unsigned last_number = Phased::kStands;

    // False: the context is done.
    bool Wait(const Context& ctx) {
      const unsigned number = own.number;
      const TimePoint not_before = own.from.load() + own.period;
      const Result<TimePoint> tick = selects ? Selected(ctx) : own.ticker.Wait(ctx);
      if (!tick.Ok()) return false;
      Expect(*tick <= Now(), "ticker: a tick is not of the future");
      if (number != own.number) return true;
      Expect(number % Phased::kPhases != Phased::kStands, "ticker: no tick after Stop");
      if (number % Phased::kPhases == Phased::kRuns) {
        Expect(*tick >= not_before, "ticker: no tick of the time before Reset");
        Expect(selects || number != last_number || *tick > last, "ticker: each tick once");
        last = *tick;
        last_number = number;
      }
      return true;
    }
    // A Select does not say which tick it was, only that it has come by now.
    Result<TimePoint> Selected(const Context& ctx) {
      if (Error err = Select(ctx, OnTick(own.ticker)).Err()) return err;
      return Now();
    }
  };

  static void Own(Worker& worker, const CancelScope& scope) {
    Phased own(Period(worker));
    Group group(worker.ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i, selects = worker.random.Coin()](const Context& c) {
        Waiter waiter{own, selects};
        for (int n = 0; n < 3; ++n) {
          if (!waiter.Wait(i == 0 ? c : scope.ctx)) return Expect(i != 0, "ticker: who stays gets what he waits for");
        }
      });
    }
    group.Go([&, pause = worker.random.Short() / 2, stops = worker.random.Coin()](const Context& c) {
      for (int n = 0; n < 2; ++n) {
        (void)Sleep(c, pause);
        if (stops) {
          own.Stop();
          (void)Sleep(c, pause);
        }
        own.Reset();
      }
    });
    if (worker.random.Coin()) scope.cancel();
    Expect(!group.Wait(), "ticker: nobody fails");
  }

  const TimePoint start_ = Now();
  Ticker shared_{std::chrono::microseconds(20)};
};

}  // namespace

std::unique_ptr<Hammer> MakeTickerHammer() { return std::make_unique<TickerHammer>(); }

}  // namespace weft::stress
