// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/watch.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "fragile.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Watch, AReaderSeesThePresentValueFirst) {
  Virtually([](const Context& ctx) {
    const Watch<std::string> watch("one");
    auto early = watch.Reader();
    EXPECT_TRUE(early.HasChanged());
    EXPECT_EQ(*early.Next(ctx), "one");
    EXPECT_FALSE(early.HasChanged());

    watch.Set("two");
    EXPECT_EQ(watch.Get(), "two");
    auto late = watch.Reader();
    EXPECT_EQ(*late.Next(ctx), "two");
  });
}

TEST(Watch, AValueWhoseCopyThrowsIsNotLost) {
  FragileCopy::Reset();
  Virtually([](const Context& ctx) {
    const Watch<FragileCopy> watch(FragileCopy(1));
    auto reader = watch.Reader();
    FragileCopy::state.copies_left = 0;
    EXPECT_ANY_THROW((void)reader.Next(ctx));
    EXPECT_TRUE(reader.HasChanged());
    EXPECT_ANY_THROW((void)Select(ctx, OnChange(reader, [](const Result<FragileCopy>&) {})));
    EXPECT_TRUE(reader.HasChanged());
    FragileCopy::state.copies_left = -1;
    EXPECT_EQ(reader.Next(ctx)->number, 1);
    EXPECT_FALSE(reader.HasChanged());
  });
  EXPECT_EQ(FragileCopy::state.alive, 0);
}

TEST(Watch, AThrowingSetChangesNothing) {
  FragileMove::Reset();
  Virtually([](const Context& ctx) {
    const Watch<FragileMove> watch(FragileMove(1));
    auto reader = watch.Reader();
    EXPECT_EQ(reader.Next(ctx)->number, 1);
    const FragileMove two(2);
    FragileMove::state.copies_left = 1;  // into the parameter, but not from there
    EXPECT_ANY_THROW(watch.Set(two));
    FragileMove::state.copies_left = -1;
    EXPECT_FALSE(reader.HasChanged());
    EXPECT_EQ(watch.Get().number, 1);
  });
  EXPECT_EQ(FragileMove::state.alive, 0);
}

TEST(Watch, ASlowReaderGetsTheNewestValueOnly) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(0);
    auto reader = watch.Reader();
    EXPECT_EQ(*reader.Next(ctx), 0);
    for (int i = 1; i <= 5; ++i) watch.Set(i);
    EXPECT_TRUE(reader.HasChanged());
    EXPECT_EQ(*reader.Next(ctx), 5);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(reader.Next(scope.ctx).Err().Is(kDeadlineExceeded)) << "the others are not there any more";
  });
}

// A Set of the same value is a change too: it compares nothing.
TEST(Watch, NextWaitsForTheNextSet) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(7);
    auto reader = watch.Reader();
    EXPECT_EQ(*reader.Next(ctx), 7);
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      if (Error err = Sleep(c, 2s)) return err;
      watch.Set(7);
      return {};
    });
    EXPECT_EQ(*reader.Next(ctx), 7);
    EXPECT_EQ(Now() - start, 2s);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Watch, WakesAllReadersAndEachHasItsOwnPlace) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(0);
    std::vector<std::vector<int>> seen(5);
    Group group(ctx);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      group.Go([&, i, reader = watch.Reader()](const Context& c) mutable -> Error {
        for (;;) {
          const Result<int> next = reader.Next(c);
          if (!next.Ok()) return next.Err().Is(kClosed) ? Error() : next.Err();
          seen[i].push_back(*next);
          if (i == 4) (void)Sleep(c, 10s);  // the slow one
        }
      });
    }
    for (int value = 1; value <= 3; ++value) {
      EXPECT_FALSE(Sleep(ctx, 1s));
      watch.Set(value);
    }
    Settle(ctx);
    watch.Close();
    EXPECT_FALSE(group.Wait());
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(seen[i], (std::vector<int>{0, 1, 2, 3}));
    EXPECT_EQ(seen[4], (std::vector<int>{0, 3})) << "it misses what is in between, and not the last";
  });
}

TEST(Watch, AfterCloseTheLastValueThenClosedForever) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(1);
    auto fresh = watch.Reader();
    auto current = watch.Reader();
    EXPECT_EQ(*current.Next(ctx), 1);
    watch.Set(2);
    EXPECT_EQ(*current.Next(ctx), 2);
    watch.Close();
    watch.Set(3);
    EXPECT_EQ(watch.Get(), 2) << "no value after Close";
    EXPECT_TRUE(current.Next(ctx).Err().Is(kClosed));
    EXPECT_EQ(*fresh.Next(ctx), 2);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(fresh.Next(ctx).Err().Is(kClosed));
    EXPECT_EQ(*watch.Reader().Next(ctx), 2) << "a reader that came after Close";
    watch.Close();
  });
}

TEST(Watch, CloseWakesAllWhoWait) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(0);
    int closed = 0;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i, reader = watch.Reader()](const Context& c) mutable {
        EXPECT_TRUE(reader.Next(c).Ok());
        if (i % 2 == 0) {
          closed += reader.Next(c).Err().Is(kClosed);
        } else {
          EXPECT_TRUE(Select(c, OnChange(reader, [&](Result<int> v) { closed += v.Err().Is(kClosed); })).Ok());
        }
      });
    }
    Settle(ctx);
    watch.Close();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(closed, 4);
  });
}

TEST(Watch, UnderADoneContextNothingIsSeen) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(5);
    auto reader = watch.Reader();
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(reader.Next(scope.ctx).Err().Is(kCanceled));
    EXPECT_TRUE(Select(scope.ctx, OnChange(reader, [](Result<int>) { ADD_FAILURE(); })).Err().Is(kCanceled));
    EXPECT_TRUE(reader.HasChanged());
    EXPECT_EQ(*reader.Next(ctx), 5);
  });
}

TEST(Watch, ACanceledReaderSeesTheValueLater) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(0);
    auto reader = watch.Reader();
    EXPECT_EQ(*reader.Next(ctx), 0);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(reader.Next(scope.ctx).Err().Is(kDeadlineExceeded));
    watch.Set(1);
    EXPECT_EQ(*reader.Next(ctx), 1);
  });
}

TEST(Watch, OnChangeIsACaseOfASelect) {
  Virtually([](const Context& ctx) {
    const Watch<int> watch(0);
    auto reader = watch.Reader();
    int got = -1;
    const auto take = [&](Result<int> v) { got = *v; };
    EXPECT_EQ(*Select(ctx, OnChange(reader, take), OnDefault()), 0u);
    EXPECT_EQ(got, 0);
    EXPECT_EQ(*Select(ctx, OnChange(reader, take), OnDefault()), 1u);
    EXPECT_EQ(*Select(ctx, OnChange(reader, take), OnAfter(1s)), 1u);
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      if (Error err = Sleep(c, 1s)) return err;
      watch.Set(1);
      watch.Set(2);
      return {};
    });
    EXPECT_EQ(*Select(ctx, OnAfter(1h), OnChange(reader, take)), 1u);
    EXPECT_EQ(got, 2) << "the newest when the case runs";
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(reader.HasChanged());

    // A case that did not run has seen nothing.
    watch.Set(3);
    EXPECT_EQ(*SelectInOrder(ctx, OnAfter(0s), OnChange(reader, take)), 0u);
    EXPECT_TRUE(reader.HasChanged());
    EXPECT_EQ(*reader.Next(ctx), 3);
  });
}

// Set destroys the old value outside of the lock, so the value's destructor may use the watch.
TEST(Watch, ValuesLiveAsLongAsSomebodyHasThem) {
  struct Reads {
    Watch<std::shared_ptr<Reads>>* watch = nullptr;
    int* destroyed = nullptr;
    ~Reads() {
      if (watch != nullptr) (void)watch->Get();
      ++*destroyed;
    }
  };
  int destroyed = 0;
  Watch<std::shared_ptr<Reads>> watch(nullptr);
  {
    auto first = std::make_shared<Reads>();
    *first = Reads{&watch, &destroyed};
    destroyed = 0;
    watch.Set(std::move(first));
  }
  auto snapshot = watch.Snapshot();
  watch.Set(nullptr);
  EXPECT_EQ(destroyed, 0) << "a snapshot keeps it";
  snapshot.reset();
  EXPECT_EQ(destroyed, 1);
}

// Values only grow for each reader, the last one is seen by all, whoever sets them, and from wherever.
TEST(Watch, IsSetFromLoopsAndThreads) {
  const int values = Rounds(20'000);
  const Watch<std::pair<int, int>> watch({0, 0});
  const auto read = [&](const Context& ctx, bool select) -> Error {
    auto reader = watch.Reader();
    std::pair<int, int> last{-1, -1};
    for (;;) {
      Error err;
      std::pair<int, int> now = last;
      const auto take = [&](Result<std::pair<int, int>> v) {
        err = v.Err();
        if (v.Ok()) now = *v;
      };
      if (select) {
        if (Error failed = Select(ctx, OnChange(reader, take)).Err()) return failed;
      } else {
        take(reader.Next(ctx));
      }
      if (err) {
        EXPECT_TRUE(err.Is(kClosed)) << err.Message();
        EXPECT_EQ(last.first, values);
        return {};
      }
      EXPECT_GT(now.first, last.first);
      EXPECT_EQ(now.second, 2 * now.first) << "never torn";
      last = now;
    }
  };
  Group thread(Background());
  thread.Go([&](const Context& ctx) { return read(ctx, false); });
  thread.Go([&](const Context&) {
    for (int i = 1; i <= values; ++i) watch.Set({i, 2 * i});
    watch.Close();
  });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 4; ++i) group.Go([&, i](const Context& c) { return read(c, i % 2 == 0); });
    EXPECT_FALSE(group.Wait());
  });
  EXPECT_FALSE(thread.Wait());
}

}  // namespace
}  // namespace weft
