// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/watch.h>

#include <algorithm>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/select.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreWatch, EachReaderSeesTheLastValueAndNoneTwice) {
  Exploring([](const Context& ctx) {
    const Watch<int> watch(0);
    const Chan<int> never(0);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        WatchReader<int> reader = watch.Reader();
        int last = -1;
        for (;;) {
          Result<int> next(kClosed);
          if (i == 0) {
            const auto keep = [&](Result<int> value) { next = value; };
            EXPECT_TRUE(Select(c, OnChange(reader, keep), OnReceive(never, [](Result<int>) {})).Ok());
          } else {
            next = reader.Next(c);
          }
          if (!next.Ok()) break;
          EXPECT_GT(*next, last);
          last = *next;
        }
        EXPECT_EQ(last, 3) << "the last one is not missed";
      });
    }
    group.Go([&](const Context&) {
      for (int n = 1; n <= 3; ++n, Yield()) watch.Set(n);
      watch.Close();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(never.TrySend(0)) << "the Select has left the other queue";
  });
}

TEST(ExploreWatch, AReaderMissesNothingByGivingUp) {
  Exploring([](const Context& ctx) {
    const Watch<int> watch(0);
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        WatchReader<int> reader = watch.Reader();
        EXPECT_TRUE(reader.Next(c).Ok());
        const Result<int> next = reader.Next(scope.ctx);
        if (next.Ok()) {
          EXPECT_EQ(*next, 1);
        } else {
          EXPECT_TRUE(next.Err().Is(kCanceled));
          EXPECT_EQ(*reader.Next(c), 1);
        }
      });
    }
    Settle(ctx);
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { watch.Set(1); });
    EXPECT_FALSE(group.Wait());
  });
}

// What is published is received or counted as missed, by everybody in the same order.
TEST(ExploreBroadcast, SubscribersSeeOneOrderAndCountWhatTheyMiss) {
  Exploring([](const Context& ctx) {
    const Broadcast<int> broadcast;
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> seen[2];
    std::uint64_t missed[2] = {};
    std::vector<int> order;
    Group group(ctx);
    for (std::size_t s = 0; s < 2; ++s) {
      group.Go([&, s, sub = broadcast.Subscribe({.capacity = s == 0 ? 8U : 1U})](const Context& c) mutable {
        for (Result<int> value = sub.Receive(scope.ctx); value.Ok(); value = sub.Receive(scope.ctx)) seen[s].push_back(*value);
        for (Result<int> value = sub.Receive(c); value.Ok(); value = sub.Receive(c)) seen[s].push_back(*value);
        missed[s] = sub.Missed();
      });
    }
    Group publishers(ctx);
    for (int i = 0; i < 2; ++i) {
      publishers.Go([&, i](const Context&) {
        for (int n = 0; n < 3; ++n, Yield()) {
          order.push_back(10 * i + n);
          EXPECT_EQ(broadcast.Publish(10 * i + n), 2U);
        }
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(publishers.Wait());
    broadcast.Close();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(seen[0], order) << "its buffer was big enough";
    EXPECT_EQ(seen[1].size() + missed[1], order.size());
    EXPECT_EQ(seen[1].back(), order.back()) << "the oldest are dropped";
    auto at = order.begin();
    for (int value : seen[1]) {
      at = std::find(at, order.end(), value);
      EXPECT_TRUE(at != order.end()) << "another order";
      if (at == order.end()) break;
      ++at;
    }
  });
}

// It has what was published until then, without a gap, and the publisher goes on without it.
TEST(ExploreBroadcast, ASlowSubscriberThatIsDisconnectedGetsWhatIsInItsBuffer) {
  Exploring([](const Context& ctx) {
    const Broadcast<int> broadcast;
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> slow, fast;
    auto sub = broadcast.Subscribe({.capacity = 2, .when_full = WhenFull::kDisconnect});
    auto other = broadcast.Subscribe({.capacity = 8});
    Group group(ctx);
    group.Go([&](const Context& c) {
      for (Result<int> value = sub.Receive(scope.ctx); value.Ok(); value = sub.Receive(scope.ctx)) slow.push_back(*value);
      Result<int> value = sub.Receive(c);
      for (; value.Ok(); value = sub.Receive(c)) slow.push_back(*value);
      EXPECT_TRUE(value.Err().Is(kClosed));
    });
    group.Go([&](const Context& c) { EXPECT_FALSE(other.Channel().ForEach(c, [&](int value) { fast.push_back(value); })); });
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) {
      for (int n = 0; n < 5; ++n, Yield()) {
        const std::size_t subscribers = broadcast.Publish(n);
        EXPECT_EQ(subscribers, sub.Disconnected() ? 1U : 2U);
        EXPECT_EQ(broadcast.Subscribers(), subscribers);
      }
      broadcast.Close();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(fast, (std::vector<int>{0, 1, 2, 3, 4})) << "it harms nobody else";
    EXPECT_EQ(sub.Missed(), 0U);
    EXPECT_EQ(sub.Disconnected(), slow.size() < fast.size());
    EXPECT_GE(slow.size(), 2U) << "its buffer";
    for (std::size_t i = 0; i < slow.size(); ++i) EXPECT_EQ(slow[i], static_cast<int>(i));
  });
}

}  // namespace
}  // namespace weft
