// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/pending_receive.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// Two channels that everybody shares, and some that are closed while they are in use.
class ChanHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const Chan<Value>& chan = worker.random.Coin() ? rendezvous_ : buffered_;
    const CancelScope scope = WithTimeout(worker.ctx, worker.random.Short());
    switch (worker.random.Below(7)) {
      case 0: return Send(chan, scope.ctx);
      case 1: return Receive(chan.Receive(scope.ctx));
      case 2: return TrySend(chan);
      case 3:
        if (auto value = chan.TryReceive()) Took(**value);
        return;
      case 4: return ReceivePending(chan, scope);
      default: return CloseInUse(worker, scope);
    }
  }

  void Check() override {
    while (auto value = buffered_.TryReceive()) Took(**value);
    Expect(sent_.load() == got_.load() && sum_.load() == 0, "chan: each value that was sent came out once");
    Expect(!rendezvous_.TrySend(std::make_unique<std::int64_t>(0)), "chan: nobody is left in a queue");
  }

 private:
  using Value = std::unique_ptr<std::int64_t>;

  void Send(const Chan<Value>& chan, const Context& ctx) {
    const std::int64_t number = next_.fetch_add(1, std::memory_order_relaxed);
    Value value = std::make_unique<std::int64_t>(number);
    if (chan.Send(ctx, std::move(value))) {
      Expect(value != nullptr && *value == number, "chan: a send that failed leaves the value alone");
    } else {
      Sent(number);
    }
  }
  void TrySend(const Chan<Value>& chan) {
    const std::int64_t number = next_.fetch_add(1, std::memory_order_relaxed);
    Value value = std::make_unique<std::int64_t>(number);
    if (chan.TrySend(std::move(value))) {
      Sent(number);
    } else {
      Expect(value != nullptr && *value == number, "chan: TrySend that failed leaves the value alone");
    }
  }
  void Receive(Result<Value> value) {
    if (value.Ok()) Took(**value);
  }
  // Waits for its context alone, which a value ends.
  void ReceivePending(const Chan<Value>& chan, const CancelScope& scope) {
    PendingReceive<Value> next(chan);
    CancelScope wait = WithCancel(scope.ctx);
    next.WakeBy(std::move(wait.cancel));
    (void)wait.ctx.Wait();
    std::optional<Result<Value>> value = next.Take();
    Expect(value.has_value() || scope.ctx.Err(), "chan: a pending receive wakes up for a value");
    if (value) Took(***value);
  }
  void Sent(std::int64_t number) {
    sent_.fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(number, std::memory_order_relaxed);
  }
  void Took(std::int64_t number) {
    got_.fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_sub(number, std::memory_order_relaxed);
  }

  // Numbers of one sender, to two receivers of whom one may give up; closed by somebody else.
  static void CloseInUse(Worker& worker, const CancelScope& scope) {
    const Chan<int> chan(worker.random.Below(3));
    std::atomic<int> sent{0}, got{0};
    Group group(worker.ctx, {.spread = true});
    group.Go([&](const Context& c) {
      for (int n = 0; n < 8 && !chan.Send(c, n); ++n) ++sent;
      chan.Close();
    });
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context& c) {
        int last = -1;
        const auto take = [&](int n) {
          Expect(n > last, "chan: values come in order");
          last = n;
          ++got;
        };
        if (Error err = chan.ForEach(i == 0 ? scope.ctx : c, take)) Expect(i == 0, "chan: only its context ends a receive");
      });
    }
    if (worker.random.Coin()) {
      group.Go([&](const Context&) {
        Yield();
        chan.Close();
      });
    }
    Expect(!group.Wait(), "chan: nobody fails");
    Expect(sent == got, "chan: what was sent before the close is received");
  }

  const Chan<Value> rendezvous_{0}, buffered_{4};
  std::atomic<std::int64_t> next_{1}, sent_{0}, got_{0}, sum_{0};
};

}  // namespace

std::unique_ptr<Hammer> MakeChanHammer() { return std::make_unique<ChanHammer>(); }

}  // namespace weft::stress
