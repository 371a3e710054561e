// SPDX-License-Identifier: Apache-2.0
//
// What an FdWaiter has beyond WaitFd: an entry that stays, on one loop after another.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/per_loop.h>
#include <weft/concurrency/wait_fd.h>

#include "fd_kit.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// One byte there, waited for in this fiber, so that an entry is made.
void Exchange(const Context& ctx, FdWaiter& waiter, Pair& pair) {
  Group group(ctx);
  group.Go([&](const Context&) { Put(pair.second()); });
  EXPECT_EQ(Ready(waiter.Wait(ctx, FdEvents::kRead)), FdEvents::kRead);
  Empty(pair.first());
  EXPECT_FALSE(group.Wait());
}

// Runs `f` on the loop with this index.
void OnLoop(const Context& ctx, int index, std::function<void(const Context&)> f) {
  Group group(ctx, {.spread = true});
  for (int i = 0; i < LoopCount(); ++i) {
    group.Go([&](const Context& c) {
      if (Loop::Current()->Index() == index) f(c);
    });
  }
  EXPECT_FALSE(group.Wait());
}

TEST(FdWaiter, KeepsItsEntryFromOneWaitToTheNext) {
  OnLoops(1, [](const Context& ctx) {
    Pair pair;
    FdWaiter waiter(pair.first());
    for (int i = 0; i < 10; ++i) {
      Exchange(ctx, waiter, pair);
      EXPECT_EQ(Entries(pair.first()), 1);
    }
    waiter.Forget();
    EXPECT_EQ(Entries(pair.first()), 0);
    waiter.Forget();
    Exchange(ctx, waiter, pair);
    EXPECT_EQ(Entries(pair.first()), 1) << "it may be used again";
  });
}

TEST(FdWaiter, UnreadBytesAreReadyAtTheNextWait) {
  OnLoops(1, [](const Context& ctx) {
    Pair pair;
    FdWaiter waiter(pair.first());
    Exchange(ctx, waiter, pair);
    Put(pair.second(), "two");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Ready(waiter.Wait(ctx, FdEvents::kRead)), FdEvents::kRead);
  });
}

// The edge comes while nobody waits, and is used up.
TEST(FdWaiter, DoesNotLoseWhatComesBetweenTwoWaits) {
  Virtually([](const Context& ctx) {
    Pair pair;
    FdWaiter waiter(pair.first(), kOwn);
    Exchange(ctx, waiter, pair);
    Put(pair.second());
    Settle(ctx);
    EXPECT_EQ(Ready(waiter.Wait(ctx, FdEvents::kRead)), FdEvents::kRead);
    Empty(pair.first());
    EXPECT_TRUE(waiter.Wait(WithTimeout(ctx, 1s).ctx, FdEvents::kRead).Err().Is(kDeadlineExceeded)) << "an old event wakes nobody for good";
  });
}

TEST(FdWaiter, WaitAfterEagainReturnsWhenItIsWorthATry) {
  Virtually([](const Context& ctx) {
    Pair pair;
    FdWaiter waiter(pair.first(), kOwn);
    constexpr int kBytes = 50;
    Group group(ctx);
    group.Go([&](const Context& c) {
      for (int i = 0; i < kBytes; ++i) {
        Put(pair.second());
        Settle(c);
      }
    });
    for (int got = 0; got < kBytes;) {
      char byte;
      if (read(pair.first(), &byte, 1) == 1) {
        ++got;
      } else {
        ASSERT_FALSE(waiter.WaitAfterEagain(ctx, FdEvents::kRead));
      }
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(waiter.WaitAfterEagain(WithTimeout(ctx, 1s).ctx, FdEvents::kRead).Is(kDeadlineExceeded));
  });
}

// The last byte and the end come together, and only the byte is read: nothing else will ever come.
TEST(FdWaiter, WaitAfterEagainDoesNotMissAnEndThatCameBefore) {
  OnLoops(1, [](const Context& ctx) {
    Pair pair;
    FdWaiter waiter(pair.first());
    Group group(ctx);
    group.Go([&](const Context&) {
      Put(pair.second());
      pair.CloseSecond();
    });
    EXPECT_EQ(Ready(waiter.Wait(ctx, FdEvents::kRead)), FdEvents::kRead);
    char byte = 0;
    EXPECT_EQ(read(pair.first(), &byte, 1), 1);
    EXPECT_FALSE(group.Wait());

    EXPECT_FALSE(waiter.WaitAfterEagain(WithTimeout(ctx, 10s).ctx, FdEvents::kRead));
  });
}

// Each time the other side reads there is more room, and a loop that is told of it wakes for nothing.
TEST(FdWaiter, WatchesRoomOnlyForThoseWhoWaitForIt) {
  OnLoops(1, [](const Context& ctx) {
    Pair pair;
    FdWaiter waiter(pair.first());
    const auto watches_room = [&] {
      const std::vector<std::uint32_t> watched = WatchedFor(pair.first());
      EXPECT_EQ(watched.size(), 1u);
      return (watched.at(0) & EPOLLOUT) != 0;
    };
    for (int i = 0; i < 3; ++i) {
      Exchange(ctx, waiter, pair);
      EXPECT_FALSE(watches_room());
      Fill(pair.first());
      Group group(ctx);
      group.Go([&](const Context&) { Empty(pair.second()); });
      EXPECT_EQ(Ready(waiter.Wait(ctx, FdEvents::kWrite)), FdEvents::kWrite);
      EXPECT_FALSE(group.Wait());
      EXPECT_TRUE(watches_room());
      // It is reported once to nobody, by a loop that has nothing else to do.
      Put(pair.first());
      Empty(pair.second());
      while (watches_room()) EXPECT_FALSE(Sleep(ctx, 1ms));
    }
  });
}

TEST(FdWaiter, WaitAfterEagainOnAThreadPolls) {
  Pair pair;
  FdWaiter waiter(pair.first());
  std::thread other([&] { Put(pair.second()); });
  EXPECT_FALSE(waiter.WaitAfterEagain(Background(), FdEvents::kRead));
  other.join();
}

TEST(FdWaiter, GoesAlongFromLoopToLoop) {
  OnLoops(3, [](const Context& ctx) {
    Pair pair;
    FdWaiter waiter(pair.first());
    for (int round = 0; round < 5; ++round) {
      for (int loop = 0; loop < 3; ++loop) {
        OnLoop(ctx, loop, [&](const Context& c) { Exchange(c, waiter, pair); });
        EXPECT_EQ(Entries(pair.first()), 1) << "on the loop that used it last only";
      }
    }
  });
}

TEST(FdWaiter, MayEndOnAnyThread) {
  OnLoops(2, [](const Context& ctx) {
    Pair pair;
    std::optional<FdWaiter> waiter(std::in_place, pair.first());
    Exchange(ctx, *waiter, pair);
    EXPECT_FALSE(Offload(ctx, [&] { waiter.reset(); }));
    EXPECT_EQ(Entries(pair.first()), 0);

    waiter.emplace(pair.first());
    Exchange(ctx, *waiter, pair);
    OnLoop(ctx, 1, [&](const Context&) { waiter.reset(); });
    EXPECT_EQ(Entries(pair.first()), 0);

    waiter.emplace(pair.first());
    Exchange(ctx, *waiter, pair);
    std::thread([&] { waiter.reset(); }).join();
    EXPECT_EQ(Entries(pair.first()), 0);
  });
}

TEST(FdWaiter, OutlivesItsLoop) {
  Pair pair;
  FdWaiter waiter(pair.first());
  for (int round = 0; round < 3; ++round) {
    OnLoops(1, [&](const Context& ctx) { Exchange(ctx, waiter, pair); });
  }
  Put(pair.second());
  EXPECT_EQ(Ready(waiter.Wait(Background(), FdEvents::kRead)), FdEvents::kRead);
}

TEST(FdWaiter, MayEndWithALoopAsPartOfAPerLoop) {
  Pair pair;
  PerLoop<std::unique_ptr<FdWaiter>> first([&] { return std::make_unique<FdWaiter>(pair.first()); });
  PerLoop<std::unique_ptr<FdWaiter>> second([&] { return std::make_unique<FdWaiter>(pair.second()); });
  OnLoops(1, [&](const Context& ctx) {
    (void)*second;  // made before the loop has entries at all, so it ends after them
    Exchange(ctx, **first, pair);
    Group group(ctx);
    group.Go([&](const Context&) { Put(pair.first()); });
    EXPECT_TRUE((*second)->Wait(ctx, FdEvents::kRead).Ok());
    EXPECT_FALSE(group.Wait());
  });
}

TEST(FdWaiter, AMoveTakesTheEntryAlong) {
  OnLoops(1, [](const Context& ctx) {
    Pair pair;
    Pair other;
    FdWaiter waiter(pair.first());
    Exchange(ctx, waiter, pair);
    FdWaiter moved(std::move(waiter));
    Exchange(ctx, moved, pair);
    FdWaiter target(other.first());
    Exchange(ctx, target, other);
    target = std::move(moved);
    EXPECT_EQ(Entries(other.first()), 0);
    EXPECT_EQ(target.Descriptor(), pair.first());
    Exchange(ctx, target, pair);
    EXPECT_EQ(Entries(pair.first()), 1);
  });
}

// Descriptors that go from loop to loop and end anywhere, while bytes flow.
TEST(FdWaiter, ManyThatWanderBetweenLoops) {
  OnLoops(3, [](const Context& ctx) {
    constexpr int kPairs = 8;
    struct Slot {
      Mutex mutex;
      Pair pair;
      std::optional<FdWaiter> waiter;
    };
    std::vector<Slot> slots(kPairs);
    Group group(ctx, {.spread = true});
    for (unsigned fiber = 0; fiber < 12; ++fiber) {
      group.Go([&, fiber](const Context& c) -> Error {
        for (unsigned i = 0; i < static_cast<unsigned>(Rounds(300)); ++i) {
          Slot& slot = slots[(fiber * 7 + i * 5) % kPairs];
          if (Error err = slot.mutex.Lock(c)) return err;
          std::unique_lock hold(slot.mutex, std::adopt_lock);
          if (!slot.waiter) slot.waiter.emplace(slot.pair.first());
          Exchange(c, *slot.waiter, slot.pair);
          if (i % 7 == 0) slot.waiter.reset();
        }
        return {};
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(FdWaiterDeath, Misuse) {
  WEFT_EXPECT_DEATH(
      Virtually([](const Context& ctx) {
        Pair pair;
        FdWaiter waiter(pair.first(), kOwn);
        Group group(ctx);
        for (int i = 0; i < 2; ++i) group.Go([&](const Context& c) { return waiter.Wait(c, FdEvents::kRead).Err(); });
        (void)group.Wait();
      }),
      "FdWaiter::Wait: another fiber waits for the same direction of this descriptor");
  WEFT_EXPECT_DEATH(
      Virtually([](const Context& ctx) {
        Pair pair;
        FdWaiter waiter(pair.first(), kOwn);
        Group group(ctx);
        group.Go([&](const Context& c) { return waiter.Wait(c, FdEvents::kRead).Err(); });
        Settle(ctx);
        waiter.Forget();
      }),
      "FdWaiter::Forget: a fiber or thread is waiting for its descriptor");
  WEFT_EXPECT_DEATH(
      OnLoops(1, [](const Context& ctx) {
        Pair pair;
        FdWaiter waiter(pair.first());
        Exchange(ctx, waiter, pair);
        pair.CloseFirst();
        waiter.Forget();
      }),
      "the descriptor was closed while it was waited for, or before FdWaiter::Forget");
  WEFT_EXPECT_DEATH(
      OnLoops(2, [](const Context& ctx) {
        Pair pair;
        FdWaiter waiter(pair.first());
        Group group(ctx, {.spread = true});
        for (const FdEvents events : {FdEvents::kRead, FdEvents::kRead}) group.Go([&, events](const Context& c) { return waiter.Wait(c, events).Err(); });
        (void)group.Wait();
      }),
      "FdWaiter::Wait: a fiber of another loop is waiting");
}

}  // namespace
}  // namespace weft
