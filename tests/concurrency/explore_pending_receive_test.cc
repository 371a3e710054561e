// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/pending_receive.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

using Value = std::unique_ptr<int>;  // can be moved only once

class ExplorePendingReceive : public ::testing::TestWithParam<std::size_t> {};

// Takes what comes until the channel is closed, and waits only for what it has asked to be woken by.
void TakeAll(const Context& ctx, PendingReceive<Value>& next, std::vector<int>& got) {
  for (;;) {
    CancelScope wait = WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));
    (void)wait.ctx.Wait();
    while (std::optional<Result<Value>> value = next.Take()) {
      if (!value->Ok()) return;
      got.push_back(***value);
    }
    if (ctx.Err()) return;
  }
}

TEST_P(ExplorePendingReceive, NothingIsLostOrOverslept) {
  Exploring([](const Context& ctx) {
    const Chan<Value> chan(GetParam());
    std::vector<int> got, by_another;
    Group senders(ctx), takers(ctx);
    for (int i = 0; i < 2; ++i) {
      senders.Go([&, i](const Context& c) {
        for (int n = 0; n < 3; ++n) EXPECT_FALSE(chan.Send(c, std::make_unique<int>(10 * i + n)));
      });
    }
    takers.Go([&](const Context& c) {
      PendingReceive<Value> next(chan);
      TakeAll(c, next, got);
    });
    takers.Go([&](const Context& c) {
      for (int n = 0; n < 2; ++n) {
        Result<Value> value = chan.Receive(c);
        if (value.Ok()) by_another.push_back(**value);
      }
    });
    EXPECT_FALSE(senders.Wait());
    chan.Close();
    EXPECT_FALSE(takers.Wait());
    got.insert(got.end(), by_another.begin(), by_another.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 10, 11, 12}));
  }, 300);
}

// It leaves while others send: what it was given before is in its hands, and nobody gives it anything after.
TEST_P(ExplorePendingReceive, ALeavingReceiverHasTheValueOrLeavesIt) {
  Exploring([](const Context& ctx) {
    const Chan<Value> chan(GetParam());
    std::vector<int> sent, got;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      for (int n = 0; n < 4; ++n) {
        if (!chan.Send(scope.ctx, std::make_unique<int>(n))) sent.push_back(n);
      }
    });
    group.Go([&](const Context& c) {
      PendingReceive<Value> next(chan);
      for (int n = 0; n < 3; ++n) {
        CancelScope wait = WithCancel(c);
        next.WakeBy(std::move(wait.cancel));
        Yield();
        if (std::optional<Result<Value>> value = next.Take()) got.push_back(***value);
        if (chan.Capacity() == 0) {
          EXPECT_FALSE(chan.TrySend(std::make_unique<int>(99))) << "nobody receives between Take and WakeBy";
        }
      }
      scope.cancel();
    });
    EXPECT_FALSE(group.Wait());
    while (auto value = chan.TryReceive()) got.push_back(**value);
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got, sent);
    for (std::size_t i = 0; i < chan.Capacity(); ++i) EXPECT_TRUE(chan.TrySend(std::make_unique<int>(0)));
    EXPECT_FALSE(chan.TrySend(std::make_unique<int>(0))) << "no receiver was left in the queue";
  }, 300);
}

TEST_P(ExplorePendingReceive, ADestroyedReceiverGetsNothing) {
  Exploring([](const Context& ctx) {
    const Chan<Value> chan(GetParam());
    {
      PendingReceive<Value> next(chan);
      CancelScope wait = WithCancel(ctx);
      next.WakeBy(std::move(wait.cancel));
    }
    std::vector<int> got;
    Group group(ctx);
    group.Go([&](const Context& c) {
      for (int n = 0; n < 3; ++n) EXPECT_FALSE(chan.Send(c, std::make_unique<int>(n)));
    });
    group.Go([&](const Context& c) {
      for (int n = 0; n < 3; ++n) got.push_back(**chan.Receive(c));
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2}));
  }, 100);
}

INSTANTIATE_TEST_SUITE_P(Capacities, ExplorePendingReceive, ::testing::Values(0, 1, 2));

}  // namespace
}  // namespace weft
