// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/free_list.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Counts how many are alive, and how many use it.
struct Counted {
  explicit Counted(std::atomic<int>& n) : alive(n), id(++made) { ++alive; }
  Counted(const Counted&) = delete;
  ~Counted() { --alive; }
  std::atomic<int>& alive;
  const int id;
  std::atomic<int> users{0};
  inline static std::atomic<int> made{0};
};

TEST(FreeList, GivesOutAgainWhatCameBackLastInWhateverState) {
  Virtually([](const Context&) {
    FreeList<std::string> list;
    const std::string* first = nullptr;
    {
      FreeList<std::string>::Handle a = list.Get();
      FreeList<std::string>::Handle b = list.Get();
      EXPECT_TRUE(a && b);
      EXPECT_NE(&*a, &*b);
      EXPECT_EQ(*a, "") << "fresh";
      *a = "used";
      first = &*a;
      b.Put();
      EXPECT_FALSE(b);
      EXPECT_EQ(list.Idle(), 1u);
    }
    EXPECT_EQ(list.Idle(), 2u);
    FreeList<std::string>::Handle again = list.Get();
    EXPECT_EQ(&*again, first);
    EXPECT_EQ(*again, "used") << "nobody has reset it";
    list.Put(std::move(again));
    EXPECT_EQ(list.Idle(), 2u);
  });
}

TEST(FreeList, AMovedHandleGivesBackOnce) {
  FreeList<int> list;
  FreeList<int>::Handle a = list.Get();
  FreeList<int>::Handle b = std::move(a);
  EXPECT_FALSE(a);
  a = std::move(b);
  EXPECT_TRUE(a);
  b = list.Get();
  a = std::move(b);
  EXPECT_EQ(list.Idle(), 1u) << "what the target had has come back";
  a.Put();
  a.Put();
  EXPECT_EQ(list.Idle(), 2u);
}

TEST(FreeList, DiscardedObjectsDoNotComeBack) {
  std::atomic<int> alive{0};
  FreeList<Counted> list([&] { return Counted(alive); });
  FreeList<Counted>::Handle handle = list.Get();
  EXPECT_EQ(alive.load(), 1);
  handle.Discard();
  EXPECT_EQ(alive.load(), 0);
  EXPECT_FALSE(handle);
  EXPECT_EQ(list.Idle(), 0u);
}

TEST(FreeList, KeepsNoMoreThanItsBound) {
  std::atomic<int> alive{0};
  FreeList<Counted> list([&] { return Counted(alive); }, {.keep = 3});
  auto use = [&] {
    {
      std::vector<FreeList<Counted>::Handle> handles;
      for (int i = 0; i < 10; ++i) handles.push_back(list.Get());
      EXPECT_GE(alive.load(), 10);
    }
    EXPECT_EQ(list.Idle(), 3u);
  };
  use();
  EXPECT_EQ(alive.load(), 3);
  OnLoops(1, [&](const Context&) {
    use();
    EXPECT_EQ(alive.load(), 6) << "the loop has a shelf of its own";
    list.Trim();
    EXPECT_EQ(alive.load(), 3);
  });
  list.Trim();
  EXPECT_EQ(alive.load(), 0);
}

TEST(FreeList, WithABoundOfZeroKeepsNothing) {
  std::atomic<int> alive{0};
  FreeList<Counted> list([&] { return Counted(alive); }, {.keep = 0});
  list.Get().Put();
  EXPECT_EQ(alive.load(), 0);
}

TEST(FreeList, DestroysWhatLayUnusedForTheTrimTime) {
  Virtually([](const Context& ctx) {
    std::atomic<int> alive{0};
    FreeList<Counted> list([&] { return Counted(alive); }, {.trim_every = 10s});
    auto use = [&](int n) {
      std::vector<FreeList<Counted>::Handle> handles;
      for (int i = 0; i < n; ++i) handles.push_back(list.Get());
    };
    use(8);
    EXPECT_FALSE(Sleep(ctx, 9s));
    use(8);
    EXPECT_EQ(alive.load(), 8);
    EXPECT_FALSE(Sleep(ctx, 2s));
    use(3);
    EXPECT_EQ(alive.load(), 8) << "all were in use since the last look";
    EXPECT_FALSE(Sleep(ctx, 5s));
    use(3);
    EXPECT_FALSE(Sleep(ctx, 6s));
    use(2);
    EXPECT_EQ(alive.load(), 3) << "five were not touched for ten seconds; what was lying there longest goes";
  });
}

TEST(FreeList, AnExceptionOfTheFactoryGoesToTheCaller) {
  int calls = 0;
  FreeList<int> list([&]() -> int {
    if (++calls == 1) throw std::runtime_error("no");
    return calls;
  });
  EXPECT_THROW(list.Get(), std::runtime_error);
  EXPECT_EQ(*list.Get(), 2);
  EXPECT_EQ(*list.Get(), 2);
}

TEST(FreeList, ALoopMayEndBeforeTheList) {
  std::atomic<int> alive{0};
  FreeList<Counted> list([&] { return Counted(alive); });
  for (int run = 0; run < 3; ++run) {
    OnLoops(2, [&](const Context& ctx) {
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 4; ++i) group.Go([&](const Context&) { list.Get(); });
      EXPECT_FALSE(group.Wait());
      EXPECT_EQ(alive.load(), 2);
    });
    EXPECT_EQ(alive.load(), 0) << "what a loop keeps ends with it";
  }
}

TEST(FreeList, TheListMayEndBeforeTheLoops) {
  std::atomic<int> alive{0};
  OnLoops(2, [&](const Context& ctx) {
    for (int round = 0; round < 20; ++round) {
      std::optional<FreeList<Counted>> list(std::in_place, [&] { return Counted(alive); });
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 4; ++i) group.Go([&](const Context&) { list->Get(); });
      group.Go([&](const Context& c) { return Offload(c, [&] { list->Get(); }); });
      EXPECT_FALSE(group.Wait());
      EXPECT_EQ(alive.load(), 3) << "one for each loop, and one for the threads";
      list.reset();
      EXPECT_EQ(alive.load(), 0);
    }
  });
}

// An object that another object of the same list holds comes back while the shelf is being emptied.
TEST(FreeList, AnObjectMayGiveBackAnotherOneWhenItIsDestroyed) {
  struct Nested;
  static std::atomic<int> alive;
  struct Nested {
    Nested() { ++alive; }
    Nested(const Nested&) = delete;
    ~Nested() { --alive; }
    FreeList<Nested>::Handle inner;
  };
  alive = 0;
  auto nest = [](FreeList<Nested>& list) {
    FreeList<Nested>::Handle outer = list.Get();
    outer->inner = list.Get();
    outer->inner->inner = list.Get();
  };
  {
    FreeList<Nested> list([] { return Nested(); });
    OnLoops(1, [&](const Context&) { nest(list); });
    EXPECT_EQ(alive.load(), 0);
    nest(list);
    EXPECT_EQ(alive.load(), 3);
  }
  EXPECT_EQ(alive.load(), 0);
}

TEST(FreeList, NeverGivesOneObjectToTwo) {
  std::atomic<int> alive{0};
  {
    FreeList<Counted> list([&] { return Counted(alive); }, {.keep = 4, .trim_every = 1us});
    const int rounds = Rounds(2000);
    auto use = [&](int i) {
      FreeList<Counted>::Handle a = list.Get();
      EXPECT_EQ(a->users.fetch_add(1), 0);
      if (i % 8 == 0) Yield();
      FreeList<Counted>::Handle b = list.Get();
      EXPECT_EQ(b->users.fetch_add(1), 0);
      b->users.fetch_sub(1);
      a->users.fetch_sub(1);
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < rounds; ++i) use(i);
      });
    }
    OnLoops(2, [&](const Context& ctx) {
      Group group(ctx, {.spread = true});
      for (int f = 0; f < 6; ++f) {
        group.Go([&](const Context&) {
          for (int i = 0; i < rounds; ++i) use(i);
        });
      }
      EXPECT_FALSE(group.Wait());
    });
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(alive.load(), 0);
}

TEST(FreeList, AnObjectMayComeBackOnAnotherLoop) {
  std::atomic<int> alive{0};
  FreeList<Counted> list([&] { return Counted(alive); });
  FreeList<Counted>::Handle handle = list.Get();
  OnLoops(1, [&](const Context&) {
    handle.Put();
    EXPECT_EQ(list.Idle(), 1u) << "it is kept where it came back";
  });
  EXPECT_EQ(list.Idle(), 0u);
  EXPECT_EQ(alive.load(), 0);
}

}  // namespace
}  // namespace weft
