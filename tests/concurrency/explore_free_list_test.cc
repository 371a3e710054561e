// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/free_list.h>

#include <optional>
#include <utility>
#include <vector>

#include <weft/concurrency/offload.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct Object {
  explicit Object(int& n) : alive(n) { ++alive; }
  Object(const Object&) = delete;
  ~Object() { --alive; }
  int& alive;
  bool used = false;
  FreeList<Object>::Handle inner;
};

void Use(Object& object) {
  EXPECT_FALSE(std::exchange(object.used, true)) << "an object is with two";
  Yield();
  object.used = false;
}

// Making one lets others run, and so does holding one.
TEST(ExploreFreeList, GivesOutWhatCameBackLastAndKeepsNoMoreThanItsBound) {
  Exploring([](const Context& ctx) {
    int alive = 0;
    const auto make = [&] {
      Yield();
      return Object(alive);
    };
    std::optional<FreeList<Object>> list(std::in_place, make, FreeListOptions{.keep = 2});
    std::vector<const Object*> shelf;  // what must lie there, the warmest last
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context&) {
        for (int n = 0; n < 2; ++n) {
          const Object* expected = shelf.empty() ? nullptr : shelf.back();
          if (expected != nullptr) shelf.pop_back();
          FreeList<Object>::Handle object = list->Get();
          EXPECT_TRUE(expected == nullptr || &*object == expected) << "not the one that came back last";
          Use(*object);
          if (i == 0 && n == 0) {
            object.Discard();
            continue;
          }
          if (shelf.size() < 2) shelf.push_back(&*object);
          if (i == 1) list->Put(std::move(object));
        }
      });
    }
    group.Go([&](const Context&) {
      list->Trim();
      shelf.clear();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(list->Idle(), shelf.size());
    EXPECT_EQ(alive, static_cast<int>(shelf.size())) << "the others are destroyed";
    list.reset();
    EXPECT_EQ(alive, 0);
  });
}

// Fibers of a loop and functions on threads have shelves of their own; what goes over stays where it comes back.
TEST(ExploreFreeList, KeepsAnObjectWhereItCameBack) {
  Exploring([](const Context& ctx) {
    int alive = 0;
    std::optional<FreeList<Object>> list(std::in_place, [&] { return Object(alive); });
    const CancelScope scope = WithCancel(ctx);
    std::size_t came_back = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        FreeList<Object>::Handle object = list->Get();
        Use(*object);
        const Error err = Offload(i == 0 ? scope.ctx : c, [&] {
          object.Put();
          ++came_back;
        });
        EXPECT_EQ(static_cast<bool>(object), static_cast<bool>(err)) << "it goes over if the function runs";
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    std::size_t of_threads = 0;
    EXPECT_FALSE(Offload(ctx, [&] { of_threads = list->Idle(); }));
    EXPECT_EQ(of_threads, came_back);
    EXPECT_EQ(static_cast<int>(of_threads + list->Idle()), alive);
    list.reset();
    EXPECT_EQ(alive, 0);
  }, 300);
}

// A look is made when an object comes back and the time has passed. Until then all three were in use, later one only.
TEST(ExploreFreeList, DestroysWhatLayUnusedBetweenTwoLooksAndNothingElse) {
  Exploring([](const Context& ctx) {
    int alive = 0;
    FreeList<Object> list([&] { return Object(alive); }, {.trim_every = 1ms});
    const auto use_at_once = [&](int many) {
      Group group(ctx);
      for (int i = 0; i < many; ++i) {
        group.Go([&](const Context& c) {
          const FreeList<Object>::Handle object = list.Get();
          Use(*object);
          Settle(c);
        });
      }
      EXPECT_FALSE(group.Wait());
    };
    use_at_once(3);
    for (int look = 0; look < 3; ++look) {
      EXPECT_FALSE(Sleep(ctx, 1ms));
      use_at_once(1);
      EXPECT_EQ(alive, 3);
      use_at_once(3);
    }
    for (int look = 0; look < 2; ++look) {
      EXPECT_FALSE(Sleep(ctx, 1ms));
      use_at_once(1);
    }
    EXPECT_EQ(alive, 1);
  });
}

// Where the list, or its loop, ends.
TEST(ExploreFreeList, ObjectsReturnedWhileItEndsAreDestroyed) {
  Exploring([](const Context& ctx) {
    int alive = 0;
    std::optional<FreeList<Object>> list(std::in_place, [&] { return Object(alive); });
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context&) {
        FreeList<Object>::Handle outer = list->Get();
        Use(*outer);
        if (!outer->inner) outer->inner = list->Get();
      });
    }
    EXPECT_FALSE(group.Wait());
    list.reset();
    EXPECT_EQ(alive, 0);
  });
}

}  // namespace
}  // namespace weft
