// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/debug.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/mutex.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

const FiberInfo* Find(const std::vector<FiberInfo>& all, std::string_view name) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const FiberInfo& f) { return f.name == name; });
  return at == all.end() ? nullptr : &*at;
}

TEST(ListFibers, ListsNamesStatesAgesAndDeadlines) {
  Virtually([](const Context& ctx) {
    EXPECT_FALSE(Sleep(ctx, 10s));
    const CancelScope scope = WithTimeout(ctx, 5s);
    Group group(scope.ctx);
    group.Go("sleeper", [](const Context& c) { return Sleep(c, 3s); });
    group.Go("joiner", [](const Context& c) {
      Group inner(c);
      inner.Go("inner", [](const Context& i) { return Sleep(i, 3s); });
      return inner.Wait();
    });
    EXPECT_FALSE(Sleep(ctx, 1s));

    const std::vector<FiberInfo> all = ListFibers();

    ASSERT_EQ(all.size(), 4U);
    const FiberInfo* self = Find(all, "test");
    ASSERT_NE(self, nullptr);
    EXPECT_STREQ(self->state, "running");
    EXPECT_EQ(self->waits_for, "");
    EXPECT_EQ(self->age, 11s);
    const FiberInfo* sleeper = Find(all, "sleeper");
    ASSERT_NE(sleeper, nullptr);
    EXPECT_STREQ(sleeper->state, "parked");
    EXPECT_EQ(sleeper->waits_for, "sleep");
    EXPECT_EQ(sleeper->age, 1s);
    EXPECT_EQ(sleeper->deadline_in, 4s) << "its context's deadline, not the end of the sleep";
    const FiberInfo* joiner = Find(all, "joiner");
    ASSERT_NE(joiner, nullptr);
    EXPECT_EQ(joiner->waits_for, "group");
    EXPECT_EQ(joiner->deadline_in, 4s) << "also in a wait that it does not end";
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ListFibers, IsATreeWithParentsFirst) {
  Virtually([](const Context& ctx) {
    Event go;
    Group group(ctx);
    group.Go("a", [&](const Context& c) {
      Group inner(c);
      inner.Go("a1", [&](const Context& i) { return go.Wait(i); });
      inner.Go("a2", [&](const Context& i) { return go.Wait(i); });
      return inner.Wait();
    });
    group.Go("b", [&](const Context& c) { return go.Wait(c); });
    Settle(ctx);

    const std::vector<FiberInfo> all = ListFibers();
    const std::string tree = FormatFiberTree(all);
    go.Set();

    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(Find(all, "a")->parent, Find(all, "test")->id);
    EXPECT_EQ(Find(all, "a2")->parent, Find(all, "a")->id);
    std::size_t at = 0;
    for (const char* line : {"test  #", "\n  a  #", "\n    a1  #", "\n    a2  #", "\n  b  #"}) {
      at = tree.find(line, at);
      ASSERT_NE(at, std::string::npos) << line << " in\n" << tree;
    }
    EXPECT_NE(tree.find("age 0.000s  parked on event"), std::string::npos) << tree;
  });
}

TEST(ListFibers, OrphansStandAtTheTop) {
  FiberInfo orphan;
  orphan.id = 7;
  orphan.parent = 3;
  orphan.name = "orphan";
  orphan.state = "parked";
  orphan.waits_for = "sleep";
  orphan.deadline_in = -1500ms;

  EXPECT_EQ(FormatFiberTree({orphan}), "orphan  #7  loop 0  age 0.000s  parked on sleep  deadline in -1.500s\n");
}

TEST(ListFibers, ListsWhereAFiberWasStarted) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    const auto line = std::source_location::current().line() + 1;
    group.Go("member", [](const Context& c) { return Sleep(c, 1s); });
    const auto on_behalf = [&](std::source_location where = std::source_location::current()) {
      group.Go("helped", [](const Context& c) { return Sleep(c, 1s); }, where);
    };
    on_behalf();
    const CancelScope scope = WithCancel(ctx);
    const StopFunc stop = AfterFunc(scope.ctx, [] { EXPECT_FALSE(Sleep(Background(), 1s)); });
    scope.cancel();
    Settle(ctx);

    const std::vector<FiberInfo> all = ListFibers();

    EXPECT_EQ(Find(all, "member")->started.line(), line);
    EXPECT_TRUE(std::string_view(Find(all, "member")->started.file_name()).ends_with("list_fibers_test.cc"));
    EXPECT_EQ(Find(all, "helped")->started.line(), line + 4) << "the caller that was handed on";
    EXPECT_EQ(Find(all, "AfterFunc")->started.line(), line + 6);
    EXPECT_EQ(Find(all, "test")->started.line(), 0U) << "not known";
    const std::string shown = "  started at list_fibers_test.cc:" + std::to_string(line) + "\n";
    EXPECT_NE(FormatFiberTree(all).find(shown), std::string::npos) << FormatFiberTree(all);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ListFibers, IsEmptyOutsideOfRun) { EXPECT_TRUE(ListFibers().empty()); }

TEST(ListFibers, MayBeCalledFromAnyThreadAtAnyTime) {
  std::atomic<bool> done{false};
  std::atomic<int> lists{0};
  std::thread looker([&] {
    while (!done.load()) {
      for (const FiberInfo& fiber : ListFibers()) {
        const bool known = fiber.name == "main" || fiber.name == "one" || fiber.name == "another name";
        EXPECT_TRUE(known) << "torn: " << fiber.name;
      }
      ++lists;
    }
  });
  OnLoops(2, [&](const Context& ctx) {
    while (lists.load() < Rounds(200)) {
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 20; ++i) {
        group.Go(i % 2 == 0 ? "one" : "another name", [](const Context&) { Yield(); });
      }
    }
  });
  done.store(true);
  looker.join();
}

}  // namespace
}  // namespace weft
