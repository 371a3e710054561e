// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <memory>
#include <utility>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>

#include "kit.h"

// When things may end, and what their ends may do.
namespace weft {
namespace {

using namespace weft::testing;

struct AtEnd {
  explicit AtEnd(std::function<void()> g) : f(std::move(g)) {}
  AtEnd(const AtEnd&) = delete;
  ~AtEnd() { f(); }
  std::function<void()> f;
};
constexpr Key<std::shared_ptr<AtEnd>> kAtEnd{"at end"};

TEST(ContextValue, EndsWithItsLastContextThoughAFiberHasWaitedUnderIt) {
  Virtually([](const Context& ctx) {
    bool ended = false;
    {
      CancelScope scope = WithCancel(WithValue(ctx, kAtEnd, std::make_shared<AtEnd>([&] { ended = true; })));
      EXPECT_FALSE(Sleep(scope.ctx, 1ms));
    }
    EXPECT_TRUE(ended);
  });
}

TEST(ContextValue, MayWaitAtItsEnd) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(0);
    Group group(ctx);
    group.Go("receiver", [&](const Context& c) {
      {
        CancelScope scope = WithCancel(WithValue(c, kAtEnd, std::make_shared<AtEnd>([] { EXPECT_FALSE(Sleep(Background(), 1ms)); })));
        EXPECT_FALSE(Sleep(scope.ctx, 1ms));
      }
      const CancelScope limit = WithTimeout(c, 1s);
      EXPECT_TRUE(chan.Receive(limit.ctx).Ok());
    });
    group.Go("sender", [&](const Context& c) {
      EXPECT_FALSE(Sleep(c, 10ms));
      const CancelScope limit = WithTimeout(c, 1s);
      EXPECT_FALSE(chan.Send(limit.ctx, 5));
    });
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ReusableContext, IsNotUsedAgainWhileAnotherFiberIsEnteredInIt) {
  Virtually([](const Context& ctx) {
    ReusableContext reusable(ctx);
    Event again;
    Group group(ctx);
    const Context& current = reusable.Begin(TimePoint::max(), {});
    group.Go("other", [&](const Context&) {
      EXPECT_TRUE(Sleep(current, 1s).Is(kCanceled));  // fiber and context know each other from now on
      EXPECT_FALSE(again.Wait(Background()));
      EXPECT_TRUE(Sleep(current, 1s).Is(kCanceled));
    });
    Settle(ctx);
    reusable.End(kCanceled);
    Settle(ctx);
    (void)reusable.Begin(TimePoint::max(), {});
    again.Set();
    Settle(ctx);
    reusable.Cancel(kCanceled);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Broadcast, ADroppedValueMayUseTheBroadcastAsItEnds) {
  Virtually([](const Context&) {
    const Broadcast<std::shared_ptr<AtEnd>> broadcast;
    const auto subscription = broadcast.Subscribe({.capacity = 1});
    std::size_t subscribers = 0;
    broadcast.Publish(std::make_shared<AtEnd>([&] { subscribers = broadcast.Subscribers(); }));
    broadcast.Publish(nullptr);
    EXPECT_EQ(subscribers, 1U);
    EXPECT_EQ(subscription.Missed(), 1U);
  });
}

}  // namespace
}  // namespace weft
