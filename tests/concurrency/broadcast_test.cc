// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/broadcast.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "fragile.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

template <class T>
std::vector<T> Drain(Subscription<T>& sub) {
  std::vector<T> got;
  while (auto value = sub.Channel().TryReceive()) got.push_back(std::move(*value));
  return got;
}

TEST(Broadcast, AValueWhoseCopyThrowsReachesNoSubscriber) {
  FragileCopy::Reset();
  {
    const Broadcast<FragileCopy> feed;
    auto a = feed.Subscribe({.capacity = 1});
    auto b = feed.Subscribe();
    const FragileCopy one(1), two(2);
    EXPECT_EQ(feed.Publish(one), 2u);
    for (int copies : {0, 1}) {
      FragileCopy::state.copies_left = copies;
      EXPECT_ANY_THROW(feed.Publish(two));
    }
    FragileCopy::state.copies_left = -1;
    EXPECT_EQ(a.Missed(), 0u);
    for (auto* sub : {&a, &b}) {
      const std::vector<FragileCopy> got = Drain(*sub);
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0].number, 1);
    }
  }
  EXPECT_EQ(FragileCopy::state.alive, 0);
}

TEST(Broadcast, EverySubscriberGetsEveryValueInOrder) {
  Virtually([](const Context& ctx) {
    const Broadcast<int> feed;
    auto a = feed.Subscribe();
    EXPECT_EQ(feed.Publish(1), 1u);
    auto b = feed.Subscribe();
    EXPECT_EQ(feed.Subscribers(), 2u);
    EXPECT_EQ(feed.Publish(2), 2u);
    EXPECT_EQ(*a.Receive(ctx), 1);
    EXPECT_EQ(*a.Receive(ctx), 2);
    EXPECT_EQ(*b.Receive(ctx), 2) << "from its Subscribe on";
    EXPECT_EQ(a.Missed(), 0u);
    EXPECT_EQ(feed.Publish(3), 2u);
    EXPECT_EQ(Drain(b), std::vector<int>{3});
  });
}

// It grows with what it holds, from wherever in it the oldest value lies.
TEST(Broadcast, ABufferHoldsItsWholeCapacityInOrder) {
  for (const std::size_t capacity : {1u, 3u, 4u, 5u, 8u, 9u, 64u, 100u}) {
    for (std::size_t taken = 0; taken < 5; ++taken) {
      const Broadcast<std::string> feed;
      auto sub = feed.Subscribe({.capacity = capacity});
      EXPECT_EQ(sub.Channel().Capacity(), capacity);
      for (std::size_t i = 0; i < taken; ++i) {
        feed.Publish("taken");
        EXPECT_EQ(sub.Channel().TryReceive(), "taken");
      }
      std::vector<std::string> sent;
      for (std::size_t i = 0; i <= capacity; ++i) {
        sent.push_back("a value that is too long for a short string " + std::to_string(i));
        feed.Publish(sent.back());
        EXPECT_EQ(sub.Missed(), i < capacity ? 0u : 1u) << capacity << ", " << i;
      }
      sent.erase(sent.begin());  // dropped
      EXPECT_EQ(Drain(sub), sent) << capacity << " after " << taken;
    }
  }
}

TEST(Broadcast, WithoutSubscribersNothingIsKept) {
  const Broadcast<int> feed;
  EXPECT_EQ(feed.Publish(1), 0u);
  auto sub = feed.Subscribe();
  EXPECT_FALSE(sub.Channel().TryReceive());
}

TEST(Broadcast, ASlowSubscriberMissesTheOldestAndCanAskHowMany) {
  const Broadcast<int> feed;
  auto slow = feed.Subscribe({.capacity = 3});
  auto fast = feed.Subscribe({.capacity = 100});
  for (int i = 1; i <= 10; ++i) EXPECT_EQ(feed.Publish(i), 2u) << "it never waits";
  EXPECT_EQ(slow.Missed(), 7u);
  EXPECT_EQ(Drain(slow), (std::vector<int>{8, 9, 10}));
  EXPECT_EQ(Drain(fast).size(), 10u) << "it harms nobody else";
  EXPECT_EQ(fast.Missed(), 0u);
  EXPECT_FALSE(slow.Disconnected());
  feed.Publish(11);
  EXPECT_EQ(Drain(slow), std::vector<int>{11});
  EXPECT_EQ(slow.Missed(), 7u);
}

TEST(Broadcast, ASlowSubscriberIsDisconnectedIfItSaysSo) {
  Virtually([](const Context& ctx) {
    const Broadcast<int> feed;
    auto slow = feed.Subscribe({.capacity = 2, .when_full = WhenFull::kDisconnect});
    auto other = feed.Subscribe();
    EXPECT_EQ(feed.Publish(1), 2u);
    EXPECT_EQ(feed.Publish(2), 2u);
    EXPECT_FALSE(slow.Disconnected());
    EXPECT_EQ(feed.Publish(3), 1u);
    EXPECT_TRUE(slow.Disconnected());
    EXPECT_EQ(feed.Subscribers(), 1u);
    EXPECT_EQ(*slow.Receive(ctx), 1) << "it gets what is in its buffer";
    EXPECT_EQ(*slow.Receive(ctx), 2);
    EXPECT_TRUE(slow.Receive(ctx).Err().Is(kClosed));
    EXPECT_EQ(slow.Missed(), 0u);
    EXPECT_EQ(Drain(other), (std::vector<int>{1, 2, 3}));
  });
}

TEST(Broadcast, SlowSubscribersSideBySideAreDisconnectedTogether) {
  const Broadcast<int> feed;
  std::vector<Subscription<int>> slow;
  for (int i = 0; i < 5; ++i) slow.push_back(feed.Subscribe({.capacity = 1, .when_full = WhenFull::kDisconnect}));
  EXPECT_EQ(feed.Publish(1), 5u);
  EXPECT_EQ(feed.Publish(2), 0u);
  EXPECT_EQ(feed.Subscribers(), 0u);
}

TEST(Broadcast, ADisconnectedSubscriberThatEndsTakesNobodyElseOut) {
  const Broadcast<int> feed;
  std::optional<Subscription<int>> slow = feed.Subscribe({.capacity = 1, .when_full = WhenFull::kDisconnect});
  auto late = feed.Subscribe();
  feed.Publish(1);
  EXPECT_EQ(feed.Publish(2), 1u) << "the last one has its place now";

  slow.reset();

  EXPECT_EQ(feed.Subscribers(), 1u);
  EXPECT_EQ(feed.Publish(3), 1u);
  EXPECT_EQ(Drain(late), (std::vector<int>{1, 2, 3}));
}

// Its destructor is code of the user.
TEST(Broadcast, DroppedValuesMayUseTheBroadcast) {
  const Broadcast<std::shared_ptr<const int>> feed;
  auto slow = feed.Subscribe({.capacity = 1});
  std::vector<std::size_t> subscribers;
  const auto value = [&](int number) {
    return std::shared_ptr<const int>(new int(number), [&](const int* old) {
      subscribers.push_back(feed.Subscribers());
      delete old;
    });
  };
  feed.Publish(value(1));
  feed.Publish(value(2));
  EXPECT_EQ(subscribers, (std::vector<std::size_t>{1})) << "the first one, after the lock";
  Drain(slow);
}

TEST(Broadcast, CloseDrainsAndLateSubscribersAreClosed) {
  Virtually([](const Context& ctx) {
    const Broadcast<int> feed;
    auto sub = feed.Subscribe();
    feed.Publish(1);
    int closed = 0;
    Group group(ctx);
    auto waiting = feed.Subscribe();
    group.Go([&](const Context& c) { closed += waiting.Receive(c).Err().Is(kClosed); });
    Settle(ctx);
    feed.Close();
    feed.Close();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(closed, 1);
    EXPECT_EQ(feed.Publish(2), 0u);
    EXPECT_EQ(*sub.Receive(ctx), 1);
    EXPECT_TRUE(sub.Receive(ctx).Err().Is(kClosed));
    auto late = feed.Subscribe();
    EXPECT_TRUE(late.Receive(ctx).Err().Is(kClosed));
    EXPECT_EQ(feed.Subscribers(), 0u);
  });
}

TEST(Broadcast, ASubscriptionUnsubscribesWhenItEnds) {
  const Broadcast<std::shared_ptr<int>> feed;
  const auto value = std::make_shared<int>(1);
  {
    auto sub = feed.Subscribe();
    auto moved = std::move(sub);
    EXPECT_EQ(feed.Subscribers(), 1u) << "a move is no end";
    feed.Publish(value);
    EXPECT_EQ(value.use_count(), 2);
  }
  EXPECT_EQ(feed.Subscribers(), 0u);
  EXPECT_EQ(value.use_count(), 1) << "what it had not read is gone";

  auto target = feed.Subscribe();
  {
    auto source = feed.Subscribe();
    target = std::move(source);
  }
  EXPECT_EQ(feed.Subscribers(), 1u) << "an assignment ends one of the two";
  feed.Publish(value);
  EXPECT_EQ(Drain(target).size(), 1u);
}

TEST(Broadcast, ASubscriptionOutlivesTheBroadcast) {
  Virtually([](const Context& ctx) {
    auto feed = std::make_unique<Broadcast<int>>();
    auto sub = feed->Subscribe();
    feed->Publish(1);
    feed.reset();
    EXPECT_EQ(*sub.Receive(ctx), 1);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(sub.Receive(scope.ctx).Err().Is(kDeadlineExceeded)) << "only Close closes it";
  });
}

TEST(Broadcast, IsACaseOfASelectAndEndsWithItsContext) {
  Virtually([](const Context& ctx) {
    const Broadcast<int> feed;
    auto sub = feed.Subscribe();
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(sub.Receive(scope.ctx).Err().Is(kDeadlineExceeded));
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      if (Error err = Sleep(c, 1s)) return err;
      feed.Publish(4);
      return {};
    });
    int got = 0;
    EXPECT_EQ(*Select(ctx, OnAfter(1h), OnReceive(sub.Channel(), [&](Result<int> v) { got = *v; })), 1u);
    EXPECT_EQ(got, 4);
    EXPECT_FALSE(group.Wait());
  });
}

// Two publishers on two loops and one on a thread: all subscribers see one order.
TEST(Broadcast, TheOrderIsTheSameForAllSubscribers) {
  const int each = Rounds(5'000);
  const Broadcast<int> feed;
  std::vector<Subscription<int>> subs;
  for (int i = 0; i < 3; ++i) subs.push_back(feed.Subscribe({.capacity = static_cast<std::size_t>(3 * each)}));
  std::vector<std::vector<int>> got(3);
  const auto publish = [&](int who) {
    for (int i = 0; i < each; ++i) EXPECT_EQ(feed.Publish(who * each + i), 3u);
  };
  Group thread(Background());
  thread.Go([&](const Context&) { publish(2); });
  OnLoops(2, [&](const Context& ctx) {
    Group readers(ctx, {.spread = true});
    for (std::size_t r = 0; r < 3; ++r) {
      readers.Go([&, r](const Context& c) { return subs[r].Channel().ForEach(c, [&](int v) { got[r].push_back(v); }); });
    }
    Group publishers(ctx, {.spread = true});
    for (int p = 0; p < 2; ++p) publishers.Go([&, p](const Context&) { publish(p); });
    EXPECT_FALSE(publishers.Wait());
    EXPECT_FALSE(thread.Wait());
    feed.Close();
    EXPECT_FALSE(readers.Wait());
  });
  EXPECT_EQ(got[0].size(), static_cast<std::size_t>(3 * each));
  EXPECT_EQ(got[0], got[1]);
  EXPECT_EQ(got[0], got[2]);
  std::vector<int> last(3, -1);
  for (const int v : got[0]) {
    int& before = last[static_cast<std::size_t>(v / each)];
    EXPECT_GT(v, before) << "each publisher's own order is kept";
    before = v;
  }
}

// What a slow reader got and what it missed is what was published, while it reads at the same time.
TEST(Broadcast, GotAndMissedIsPublished) {
  const int count = Rounds(50'000);
  const Broadcast<int> feed;
  OnLoops(2, [&](const Context& ctx) {
    auto sub = feed.Subscribe({.capacity = 4});
    std::uint64_t got = 0;
    Group group(ctx, {.spread = true});
    group.Go([&](const Context&) {
      for (int i = 0; i < count; ++i) feed.Publish(i);
      feed.Close();
    });
    group.Go([&](const Context& c) {
      int last = -1;
      return sub.Channel().ForEach(c, [&](int v) {
        EXPECT_GT(v, last);
        last = v;
        ++got;
      });
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got + sub.Missed(), static_cast<std::uint64_t>(count));
  });
}

TEST(Broadcast, SubscribersComeAndGoWhileOthersPublish) {
  const Broadcast<std::shared_ptr<int>> feed;
  const auto value = std::make_shared<int>(0);
  std::atomic<bool> stop{false};
  OnLoops(2, [&](const Context& ctx) {
    Group publishers(ctx, {.spread = true});
    for (int p = 0; p < 2; ++p) {
      publishers.Go([&](const Context&) {
        while (!stop) {
          feed.Publish(value);
          Yield();
        }
      });
    }
    Group readers(ctx, {.spread = true});
    for (int r = 0; r < 4; ++r) {
      readers.Go([&, r](const Context& c) {
        for (int i = 0; i < Rounds(500); ++i) {
          auto sub = feed.Subscribe({.capacity = 2, .when_full = (r + i) % 2 == 0 ? WhenFull::kDropOldest : WhenFull::kDisconnect});
          for (int k = 0; k < i % 4; ++k) (void)sub.Receive(c);
        }
      });
    }
    EXPECT_FALSE(readers.Wait());
    stop = true;
    EXPECT_FALSE(publishers.Wait());
  });
  EXPECT_EQ(feed.Subscribers(), 0u);
  EXPECT_EQ(value.use_count(), 1) << "nothing is left of what was published";
}

}  // namespace
}  // namespace weft
