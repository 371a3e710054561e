// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// What a member holds: counted while it lives.
struct Held {
  explicit Held(std::atomic<int>& n) : count(&n) { ++*count; }
  Held(Held&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
  ~Held() {
    if (count != nullptr) --*count;
  }
  std::atomic<int>* count;
};

// Members that start members, callers on other loops and threads, limits that change, cancels at random moments: each function that
// was taken runs once and ends before Wait, each that was refused is gone at once.
TEST(GroupRace, AcceptedMembersRunOnceAndEndBeforeWait) {
  OnLoops(2, [](const Context& ctx) {
    std::minstd_rand random(7);
    for (int round = 0; round < Rounds(1000); ++round) {
      const int limit = static_cast<int>(random() % 4);
      std::atomic<int> taken{0};
      std::atomic<int> ran{0};
      std::atomic<int> held{0};
      {
        Group group(ctx, {.limit = limit, .spread = random() % 2 == 0});
        const auto start = [&] {
          const bool got = group.Go([&ran, own = Held(held)](const Context&) {
            Yield();
            ++ran;
          });
          if (got) ++taken;
        };
        Group callers(ctx, {.spread = true});
        for (int i = 0; i < 4; ++i) {
          callers.Go([&](const Context&) {
            for (int k = 0; k < 5; ++k) start();
          });
        }
        callers.Go([&](const Context& c) { return Offload(c, [&] { start(); }); });
        callers.Go([&](const Context&) {
          group.SetLimit(2);
          Yield();
          group.SetLimit(0);
        });
        if (round % 3 == 0) callers.Go([&](const Context&) { group.Cancel(Error::New("enough")); });
        EXPECT_FALSE(callers.Wait());
        const Error err = group.Wait();
        EXPECT_EQ(static_cast<bool>(err), taken != 21) << err.Message();
        EXPECT_EQ(ran, taken);
        EXPECT_EQ(held, 0);
      }
    }
  });
}

TEST(GroupRace, EndsAndWaitMeetOnManyLoops) {
  OnLoops(2, [](const Context& ctx) {
    for (int round = 0; round < Rounds(5000); ++round) {
      int sum = 0;
      auto group = std::make_unique<Group>(ctx, GroupOptions{.spread = true});
      const int members = round % 3 + 1;
      std::atomic<int> parts[3]{};
      for (int i = 0; i < members; ++i) group->Go([&parts, i](const Context&) { parts[i] = 1; });
      EXPECT_FALSE(group->Wait());
      group.reset();  // the last member is out of it
      for (const std::atomic<int>& part : parts) sum += part.load(std::memory_order_relaxed);
      EXPECT_EQ(sum, members);
    }
  });
}

TEST(GroupRace, TheFirstOfManyErrorsAtOnceIsTheCauseAndTheOthersAreKept) {
  OnLoops(2, [](const Context& ctx) {
    for (int round = 0; round < Rounds(500); ++round) {
      Group group(ctx, {.spread = true});
      int refused = 0;
      for (int i = 0; i < 8; ++i) {
        if (!group.Go([](const Context&) { return Error::New("failed"); })) ++refused;
      }
      const Error err = group.Wait();
      EXPECT_TRUE(group.Ctx().Cause().Is(err));
      EXPECT_EQ(group.Errors().size(), 8U - static_cast<std::size_t>(refused));
      EXPECT_TRUE(group.Errors().front().Is(err));
    }
  });
}

// A group of a plain thread, used by fibers: the members are threads, whoever calls Go; a full one parks the fiber, not its loop.
TEST(GroupRace, FibersUseAGroupThatWasBuiltOnAThread) {
  Group group(Background(), {.limit = 1});
  std::atomic<int> ran{0};
  Event first_may_end;
  EXPECT_TRUE(group.Go([&](const Context& c) { return first_may_end.Wait(c); }));
  OnLoops(1, [&](const Context& ctx) {
    Group callers(ctx);
    for (int i = 0; i < 5; ++i) {
      callers.Go([&](const Context&) {
        EXPECT_TRUE(group.Go([&](const Context&) {
          EXPECT_EQ(Loop::Current(), nullptr);
          ++ran;
        }));
      });
    }
    callers.Go([&](const Context&) { first_may_end.Set(); });
    EXPECT_FALSE(callers.Wait());
  });
  EXPECT_FALSE(group.Wait());
  EXPECT_EQ(ran, 5);
}

// Go's issue 61611: nothing starts after a cancel, also not for a caller that had waited for a place.
TEST(GroupRace, StartsNothingForACallerAdmittedAfterTheCancel) {
  Virtually([](const Context& ctx) {
    Group group(ctx, {.limit = 1});
    Event end;
    bool ran = false;
    group.Go([&](const Context&) { EXPECT_FALSE(end.Wait(Background())); });
    Group callers(ctx);
    callers.Go([&](const Context&) { EXPECT_FALSE(group.Go([&](const Context&) { ran = true; })); });
    Settle(ctx);
    // The member ends and hands its place over; before the caller runs, this one does.
    end.Set();
    callers.Go([&](const Context&) { group.Cancel(); });
    EXPECT_FALSE(callers.Wait());
    EXPECT_TRUE(group.Wait().Is(kCanceled));
    EXPECT_FALSE(ran);
  });
}

TEST(GroupRace, PlacesAreHandedOutInTheOrderOfArrival) {
  Virtually([](const Context& ctx) {
    Group group(ctx, {.limit = 1});
    std::vector<int> order;
    group.Go([](const Context& c) { return Sleep(c, 1s); });
    Group callers(ctx);
    for (int i = 0; i < 5; ++i) {
      callers.Go([&, i](const Context&) {
        EXPECT_TRUE(group.Go([&, i](const Context& c) {
          order.push_back(i);
          return Sleep(c, 1s);
        }));
      });
      Settle(ctx);
    }
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_FALSE(group.TryGo([](const Context&) {})) << "a newcomer does not overtake";
    EXPECT_FALSE(callers.Wait());
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  });
}

TEST(GroupRace, LargeAndOveralignedFunctionsWork) {
  Virtually([](const Context& ctx) {
    struct alignas(64) Wide {
      int value[16] = {};
    };
    struct Large {
      char bytes[5000] = {};
    };
    Wide wide;
    wide.value[15] = 3;
    Large large;
    large.bytes[4999] = 4;
    int sum = 0;
    Group group(ctx);
    for (int i = 0; i < 10; ++i) {
      group.Go([&sum, wide](const Context&) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&wide) % 64, 0U);
        sum += wide.value[15];
      });
      group.Go([&sum, large](const Context&) { sum += large.bytes[4999]; });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(sum, 70);
  });
}

// A name may end before a member on another loop begins.
TEST(GroupRace, AMemberOnAnotherLoopKeepsItsName) {
  OnLoops(2, [](const Context& ctx) {
    std::atomic<int> named{0};
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 20; ++i) {
      group.Go(std::string("member number ") + std::to_string(i), [&, i](const Context&) {
        for (const FiberInfo& fiber : ListFibers()) {
          if (fiber.id == CurrentFiberId()) named += fiber.name == "member number " + std::to_string(i);
        }
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(named, 20);
  });
}

TEST(GroupRaceDeathTest, ASecondWaiterIsMisuse) {
  WEFT_EXPECT_DEATH(OnLoops(1,
                            [](const Context& ctx) {
                              Group group(ctx);
                              group.Go([](const Context& c) { return Sleep(c, 1h); });
                              Group others(ctx);
                              others.Go([&](const Context&) { return group.Wait(); });
                              others.Go([&](const Context&) { return group.Wait(); });
                              (void)others.Wait();
                            }),
                    "Group::Wait: another caller is already waiting for the group");
}

}  // namespace
}  // namespace weft
