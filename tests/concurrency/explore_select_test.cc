// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/select.h>

#include <algorithm>
#include <vector>

#include <weft/concurrency/timer.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Nobody waits on either side any more.
void ExpectForsaken(const Chan<int>& chan) {
  EXPECT_FALSE(chan.TrySend(0));
  EXPECT_FALSE(chan.TryReceive().has_value());
}

// Both offer to send on one channel and to receive on the other: whoever comes second takes one of the two, for both.
TEST(ExploreSelect, TwoThatMeetAgreeOnOneCase) {
  Exploring([](const Context& ctx) {
    const Chan<int> there(0), back(0);
    std::vector<int> sent, got;
    const auto meet = [&](const Context& c, const Chan<int>& out, const Chan<int>& in, int number) {
      const Result<std::size_t> which = Select(c, OnSend(out, number, [&] { sent.push_back(number); }),
                                               OnReceive(in, [&](Result<int> value) { got.push_back(*value); }));
      EXPECT_TRUE(which.Ok()) << which.Err().Message();
    };
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context& c) { meet(c, there, back, 2 * i); });
      group.Go([&, i](const Context& c) { meet(c, back, there, 2 * i + 1); });
    }
    EXPECT_FALSE(group.Wait());
    std::sort(sent.begin(), sent.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent, got);
    ExpectForsaken(there);
    ExpectForsaken(back);
  });
}

TEST(ExploreSelect, CasesThatRaceACancelLoseNothing) {
  Exploring([](const Context& ctx) {
    const Chan<int> a(0), b(1);
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> sent, got;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context&) {
        for (int n = 0; n < 2; ++n) {
          int cases = 0;
          const int number = 10 * i + n;
          const auto done = [&] {
            ++cases;
            sent.push_back(number);
          };
          const Result<std::size_t> which = Select(scope.ctx, OnSend(a, number, done), OnSend(b, number, done));
          EXPECT_EQ(cases, which.Ok() ? 1 : 0) << "exactly one case, or an error";
        }
      });
      group.Go([&](const Context&) {
        for (int n = 0; n < 2; ++n) {
          const auto take = [&](Result<int> value) { got.push_back(*value); };
          (void)Select(scope.ctx, OnReceive(a, take), OnReceive(b, take));
        }
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    while (auto value = b.TryReceive()) got.push_back(*value);
    std::sort(sent.begin(), sent.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(sent, got);
    ExpectForsaken(a);
    EXPECT_TRUE(b.TrySend(0));
    ExpectForsaken(a);
  });
}

// Plain calls and a Select on the same channels: one that was chosen elsewhere must be passed over, and leaves the other queues.
TEST(ExploreSelect, AServedSelectBlocksNoOther) {
  Exploring([](const Context& ctx) {
    const Chan<int> a(0), b(0);
    int got = 0;
    Group group(ctx);
    group.Go([&](const Context& c) {
      const auto take = [&](Result<int> value) { got += *value; };
      EXPECT_TRUE(Select(c, OnReceive(a, take), OnReceive(b, take)).Ok());
    });
    Settle(ctx);
    group.Go([&](const Context& c) { got += *a.Receive(c); });
    group.Go([&](const Context& c) { got += *b.Receive(c); });
    Settle(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(a.Send(c, 1));
      EXPECT_FALSE(a.Send(c, 10));
    });
    group.Go([&](const Context& c) { EXPECT_FALSE(b.Send(c, 100)); });
    Settle(ctx);
    (void)b.TrySend(1000);  // only if it was the Select that took the first of a or b
    Settle(ctx);
    if (auto left = a.TryReceive()) got += *left;
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got % 1000, 111) << "each value once";
    ExpectForsaken(a);
    ExpectForsaken(b);
  });
}

TEST(ExploreSelect, AClosedCaseAndAValueMeet) {
  Exploring([](const Context& ctx) {
    const Chan<int> a(0), b(0);
    int closed = 0, got = 0, sent = 0;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        const auto take = [&](Result<int> value) { value.Ok() ? ++got : ++closed; };
        EXPECT_TRUE(Select(c, OnReceive(a, take), OnReceive(b, take)).Ok());
      });
    }
    group.Go([&](const Context&) {
      Yield();
      sent += b.TrySend(1) ? 1 : 0;
    });
    group.Go([&](const Context&) {
      Yield();
      EXPECT_TRUE(a.Close());
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, sent);
    EXPECT_EQ(got + closed, 2);
    ExpectForsaken(b);
  });
}

TEST(ExploreSelect, ASendToWhatIsClosedMeanwhileIsAnError) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(0), never(0);
    int sent = 0, got = 0;
    Group group(ctx);
    group.Go([&](const Context& c) {
      const Result<std::size_t> which = Select(c, OnSend(chan, 1, [&] { ++sent; }), OnSend(never, 2));
      EXPECT_TRUE(which.Ok() || which.Err().Is(kClosed));
      EXPECT_EQ(which.Ok(), sent == 1);
    });
    group.Go([&](const Context& c) { got += chan.Receive(c).Ok() ? 1 : 0; });
    group.Go([&](const Context&) {
      Yield();
      chan.Close();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(sent, got);
    ExpectForsaken(never);
  });
}

TEST(ExploreSelect, ATimeAndAValueMeet) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(0);
    int timed_out = 0, got = 0, sent = 0;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_TRUE(Select(c, OnReceive(chan, [&](Result<int>) { ++got; }), OnAfter(1ms, [&] { ++timed_out; })).Ok());
      });
    }
    group.Go([&](const Context& c) {
      EXPECT_FALSE(Sleep(c, 1ms));
      for (int n = 0; n < 2; ++n) sent += chan.TrySend(n) ? 1 : 0;
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, sent);
    EXPECT_EQ(got + timed_out, 2);
    ExpectForsaken(chan);
  });
}

TEST(ExploreSelect, AnotherContextAndAValueMeet) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(0);
    const CancelScope other = WithCancel(ctx);
    int done = 0, got = 0, sent = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_TRUE(Select(c, OnDone(other.ctx, [&] { ++done; }), OnReceive(chan, [&](Result<int>) { ++got; })).Ok());
        const TimePoint since = Now();
        EXPECT_FALSE(Sleep(c, 1ms));
        EXPECT_GE(Now() - since, 1ms) << "woken by a case that it has left";
      });
    }
    group.Go([&](const Context&) { other.cancel(); });
    group.Go([&](const Context&) {
      for (int n = 0; n < 2; ++n, Yield()) sent += chan.TrySend(n) ? 1 : 0;
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, sent);
    EXPECT_EQ(got + done, 3);
    ExpectForsaken(chan);
  });
}

// A timer that is set anew: one of those who wait gets it, at the new time, and the others go on with their channel.
TEST(ExploreSelect, ATimerIsTakenOnceEvenIfItIsReset) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(0);
    Timer timer(1ms);
    int fired = 0, got = 0;
    const TimePoint start = Now();
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_TRUE(Select(c, OnTimer(timer, [&] {
                                ++fired;
                                EXPECT_GE(Now() - start, 2ms) << "not at the old time";
                              }),
                           OnReceive(chan, [&](Result<int>) { ++got; }))
                        .Ok());
      });
    }
    group.Go([&](const Context&) { EXPECT_TRUE(timer.Reset(2ms)); });
    EXPECT_FALSE(Sleep(ctx, 5ms));
    EXPECT_TRUE(chan.TrySend(1)) << "one still waits";
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(got, 1);
    ExpectForsaken(chan);
  });
}

}  // namespace
}  // namespace weft
