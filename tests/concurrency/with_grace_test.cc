// SPDX-License-Identifier: Apache-2.0
#include <thread>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(WithGrace, EndsSomeTimeAfterItsParent) {
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithCancel(ctx);
    const CancelScope finish = WithGrace(parent.ctx, 20s);
    EXPECT_FALSE(Sleep(ctx, 1h));
    EXPECT_FALSE(finish.ctx.Err()) << "it waits for its parent";

    const TimePoint before = Now();
    parent.cancel(Error::New("signal"));
    EXPECT_FALSE(finish.ctx.Err());
    const Error err = finish.ctx.Wait();

    EXPECT_EQ(Now() - before, 20s);
    EXPECT_TRUE(err.Is(kCanceled));
    EXPECT_TRUE(err.Is(kServerClosing));
    EXPECT_TRUE(finish.ctx.Cause().Is(kServerClosing));
  });
}

TEST(WithGrace, HasACauseOfItsOwnAndTheValuesOfItsParent) {
  static constexpr Key<int> kKey{"number"};
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithCancel(WithValue(ctx, kKey, 7));
    const CancelScope finish = WithGrace(parent.ctx, 1s, Error::New("too slow"));
    ASSERT_NE(finish.ctx.Value(kKey), nullptr);
    EXPECT_EQ(*finish.ctx.Value(kKey), 7);
    parent.cancel();

    (void)finish.ctx.Wait();

    EXPECT_EQ(finish.ctx.Cause().Message(), "too slow");
  });
}

TEST(WithGrace, FollowsADeadlineOfItsParent) {
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithTimeout(ctx, 3s);
    const CancelScope finish = WithGrace(parent.ctx, 2s);
    EXPECT_FALSE(finish.ctx.Deadline());
    const TimePoint before = Now();

    EXPECT_TRUE(finish.ctx.Wait().Is(kCanceled));

    EXPECT_EQ(Now() - before, 5s);
  });
}

TEST(WithGrace, UnderADoneParentItBeginsAtOnce) {
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithCancel(ctx);
    parent.cancel();
    const TimePoint before = Now();
    const CancelScope finish = WithGrace(parent.ctx, 2s);
    EXPECT_FALSE(finish.ctx.Err());

    EXPECT_TRUE(finish.ctx.Wait());

    EXPECT_EQ(Now() - before, 2s);
  });
}

TEST(WithGrace, OfNothingEndsWithItsParent) {
  Virtually([](const Context& ctx) {
    for (const Duration grace : {Duration(0), Duration(-1s)}) {
      const CancelScope parent = WithCancel(ctx);
      const CancelScope finish = WithGrace(parent.ctx, grace);
      const TimePoint before = Now();
      parent.cancel();

      EXPECT_TRUE(finish.ctx.Wait());

      EXPECT_EQ(Now(), before);
    }
  });
}

TEST(WithGrace, ItsOwnCancelComesFirst) {
  Virtually([](const Context& ctx) {
    for (const bool parent_is_done : {false, true}) {
      const CancelScope parent = WithCancel(ctx);
      const CancelScope finish = WithGrace(parent.ctx, 1h);
      if (parent_is_done) parent.cancel();
      Settle(ctx);
      const TimePoint before = Now();

      finish.cancel(Error::New("done with it"));

      EXPECT_EQ(finish.ctx.Cause().Message(), "done with it");
      EXPECT_EQ(Now(), before);
    }
  });
}

TEST(WithGrace, NothingOfItIsLeftAfterItsScope) {
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithCancel(ctx);
    const std::size_t before = ListFibers().size();
    Context kept;
    const TimePoint began = Now();
    {
      const CancelScope finish = WithGrace(parent.ctx, 1h);
      kept = finish.ctx;
      parent.cancel();
      Settle(ctx);
      EXPECT_EQ(ListFibers().size(), before + 1) << "one fiber that sleeps";
    }
    EXPECT_TRUE(kept.Err().Is(kCanceled));
    EXPECT_EQ(ListFibers().size(), before);
    EXPECT_LT(Now() - began, 1s);
  });
}

// What a worker does with it.
TEST(WithGrace, AWorkerFinishesWhatItHas) {
  Virtually([](const Context& ctx) {
    const CancelScope service = WithCancel(ctx);
    std::vector<Error> ends;
    Group group(ctx);
    for (const Duration work : {Duration(5s), Duration(50s)}) {
      group.Go([&, work](const Context&) {
        const CancelScope finish = WithGrace(service.ctx, 20s);
        while (!service.ctx.Err()) ends.push_back(Sleep(finish.ctx, work));
      });
    }
    EXPECT_FALSE(Sleep(ctx, 12s));
    service.cancel();
    EXPECT_FALSE(group.Wait());

    ASSERT_EQ(ends.size(), 4u);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(ends[static_cast<std::size_t>(i)]) << i;
    EXPECT_TRUE(ends[3].Is(kServerClosing)) << "this one needs longer than it has";
  });
}

TEST(WithGrace, OnAPlainThread) {
  const CancelScope parent = WithCancel(Background());
  const CancelScope finish = WithGrace(parent.ctx, 1ms);
  const CancelScope canceled = WithGrace(parent.ctx, 1h);
  EXPECT_FALSE(finish.ctx.Err());
  parent.cancel();

  EXPECT_TRUE(finish.ctx.Wait().Is(kServerClosing));
  EXPECT_FALSE(canceled.ctx.Err());
  canceled.cancel();
  EXPECT_TRUE(canceled.ctx.Err().Is(kCanceled));
}

TEST(WithGrace, SeveralMayCancelItAtOnce) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 0; i < Rounds(100); ++i) {
      const CancelScope parent = WithCancel(ctx);
      const CancelScope finish = WithGrace(parent.ctx, 1h);
      Group group(ctx, {.spread = true});
      for (int n = 0; n < 3; ++n) group.Go([&](const Context&) { finish.cancel(); });
      parent.cancel();
      EXPECT_FALSE(group.Wait());
      EXPECT_TRUE(finish.ctx.Err());
    }
  });
}

}  // namespace
}  // namespace weft
