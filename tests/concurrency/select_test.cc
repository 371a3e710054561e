// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/select.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Select, RunsTheCaseThatIsReadyAndSaysWhich) {
  Virtually([](const Context& ctx) {
    Chan<int> a(1);
    Chan<std::string> b(1);
    EXPECT_TRUE(b.TrySend("x"));
    std::string got;
    auto which = Select(ctx, OnReceive(a, [](Result<int>) { ADD_FAILURE(); }), OnReceive(b, [&](Result<std::string> v) { got = *v; }));
    ASSERT_TRUE(which.Ok());
    EXPECT_EQ(*which, 1u);
    EXPECT_EQ(got, "x");
  });
}

TEST(Select, WaitsForTheFirstCase) {
  Virtually([](const Context& ctx) {
    Chan<int> a(0);
    Chan<int> b(0);
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      if (Error err = Sleep(c, 1s)) return err;
      return b.Send(c, 5);
    });
    const TimePoint start = Now();
    int got = 0;
    auto which = Select(ctx, OnReceive(a, [](Result<int>) {}), OnReceive(b, [&](Result<int> v) { got = *v; }), OnAfter(3s));
    EXPECT_EQ(*which, 1u);
    EXPECT_EQ(got, 5);
    EXPECT_EQ(Now() - start, 1s);
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(a.TrySend(1)) << "nothing of the Select is left in the other channel";
  });
}

TEST(Select, SendsWhenAReceiverComes) {
  Virtually([](const Context& ctx) {
    Chan<std::unique_ptr<int>> out(0);
    Chan<std::unique_ptr<int>> other(0);
    auto value = std::make_unique<int>(3);
    auto unsent = std::make_unique<int>(4);
    int got = 0;
    Group group(ctx);
    group.Go([&](const Context& c) { got = **out.Receive(c); });
    bool ran = false;
    auto which = Select(ctx, OnSend(other, std::move(unsent)), OnSend(out, std::move(value), [&] { ran = true; }));
    EXPECT_EQ(*which, 1u);
    EXPECT_TRUE(ran);
    EXPECT_EQ(value, nullptr);
    ASSERT_NE(unsent, nullptr) << "a value is moved from only if its case ran";
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, 3);
  });
}

TEST(Select, CopiesAValueThatIsNotMovedIn) {
  Virtually([](const Context& ctx) {
    Chan<std::string> chan(2);
    const std::string value = "keep";
    EXPECT_TRUE(Select(ctx, OnSend(chan, value)).Ok());
    EXPECT_TRUE(Select(ctx, OnSend(chan, "made")).Ok());
    EXPECT_EQ(value, "keep");
    EXPECT_EQ(chan.TryReceive(), "keep");
    EXPECT_EQ(chan.TryReceive(), "made");
  });
}

TEST(Select, OnClosedChannelsAReceiveIsReadyAndASendReturnsClosed) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(1);
    chan.Close();
    Error seen;
    EXPECT_TRUE(Select(ctx, OnReceive(chan, [&](Result<int> v) { seen = v.Err(); })).Ok());
    EXPECT_TRUE(seen.Is(kClosed));
    EXPECT_TRUE(Select(ctx, OnSend(chan, 1, [] { ADD_FAILURE(); })).Err().Is(kClosed));

    Chan<int> open(0);
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      if (Error err = Sleep(c, 1s)) return err;
      open.Close();
      return {};
    });
    EXPECT_TRUE(Select(ctx, OnSend(open, 1, [] { ADD_FAILURE(); })).Err().Is(kClosed)) << "closed while it waits";
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Select, DefaultRunsOnlyWhenNothingIsReady) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(1);
    int defaults = 0;
    EXPECT_EQ(*Select(ctx, OnDefault([&] { ++defaults; }), OnReceive(chan, [](Result<int>) {})), 0u);
    EXPECT_TRUE(chan.TrySend(1));
    EXPECT_EQ(*Select(ctx, OnDefault([&] { ++defaults; }), OnReceive(chan, [](Result<int>) {})), 1u);
    EXPECT_EQ(defaults, 1);
  });
}

TEST(Select, NilChannelsAreNeverReady) {
  Virtually([](const Context& ctx) {
    Chan<int> nil;
    const TimePoint start = Now();
    EXPECT_EQ(*Select(ctx, OnReceive(nil, [](Result<int>) {}), OnSend(nil, 1), OnAfter(2s)), 2u);
    EXPECT_EQ(Now() - start, 2s);
  });
}

TEST(Select, WithoutCasesWaitsForTheContext) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(Select(scope.ctx).Err().Is(kDeadlineExceeded));
  });
}

TEST(Select, UnderADoneContextFailsThoughACaseIsReady) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(1);
    EXPECT_TRUE(chan.TrySend(1));
    CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(Select(scope.ctx, OnReceive(chan, [](Result<int>) { ADD_FAILURE(); })).Err().Is(kCanceled));
    EXPECT_EQ(chan.Size(), 1u);
  });
}

TEST(Select, OnDoneSeesCancelsAndDeadlinesOfOtherContexts) {
  Virtually([](const Context& ctx) {
    CancelScope canceled = WithCancel(ctx);
    const CancelScope deadline = WithTimeout(ctx, 2s);
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      if (Error err = Sleep(c, 1s)) return err;
      canceled.cancel();
      return {};
    });
    EXPECT_EQ(*Select(ctx, OnDone(deadline.ctx), OnDone(canceled.ctx)), 1u);
    EXPECT_EQ(*Select(ctx, OnDone(deadline.ctx)), 0u) << "a deadline is armed by waiting for it";
    EXPECT_EQ(*Select(ctx, OnDone(Background()), OnAfter(1s)), 1u);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Select, ReturnsTheErrorOfTheCaseThatRan) {
  Virtually([](const Context& ctx) {
    const Error bad = Error::New("bad");
    EXPECT_TRUE(Select(ctx, OnAfter(0s, [&]() -> Error { return bad; })).Err().Is(bad));
    EXPECT_TRUE(Select(ctx, OnAfter(0s, [&]() -> Error { return {}; })).Ok());
  });
}

TEST(Select, ChoosesFairlyAmongReadyCases) {
  Virtually([](const Context& ctx) {
    constexpr int kTrials = 10'000;
    Chan<int> a(kTrials);
    Chan<int> b(kTrials);
    Chan<int> c(kTrials);
    for (int i = 0; i < kTrials; ++i) (void)(a.TrySend(1) && b.TrySend(1) && c.TrySend(1));
    std::array<int, 3> counts{};
    for (int i = 0; i < kTrials; ++i) {
      auto which = Select(ctx, OnReceive(a, [](Result<int>) {}), OnReceive(b, [](Result<int>) {}), OnReceive(c, [](Result<int>) {}));
      ++counts[*which];
    }
    // Five standard deviations of a fair choice of one in three.
    for (const int count : counts) EXPECT_NEAR(count, kTrials / 3, 240);
  });
}

TEST(Select, ChoosesTheSameInEachRunOfATest) {
  std::string runs[2];
  for (std::string& run : runs) {
    Virtually([&](const Context& ctx) {
      for (int i = 0; i < 64; ++i) run += static_cast<char>('0' + *Select(ctx, OnAfter(0s), OnAfter(0s)));
    });
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0].find('0'), std::string::npos);
  EXPECT_NE(runs[0].find('1'), std::string::npos);
}

TEST(Select, InOrderPrefersTheFirstReadyCase) {
  Virtually([](const Context& ctx) {
    Chan<int> high(10);
    Chan<int> low(10);
    for (int i = 0; i < 10; ++i) (void)(high.TrySend(1) && low.TrySend(1));
    std::string order;
    for (int i = 0; i < 20; ++i) {
      (void)*SelectInOrder(ctx, OnReceive(high, [&](Result<int>) { order += 'h'; }), OnReceive(low, [&](Result<int>) { order += 'l'; }));
    }
    EXPECT_EQ(order, std::string(10, 'h') + std::string(10, 'l'));
  });
}

TEST(Select, DoesNotMeetItself) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(0);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(Select(scope.ctx, OnSend(chan, 1), OnReceive(chan, [](Result<int>) { ADD_FAILURE(); })).Err().Is(kDeadlineExceeded));

    // Two of them meet each other: one sends, one receives.
    int received = 0;
    int sent = 0;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context& c) -> Error {
        for (int round = 0; round < 1000; ++round) {
          auto which = Select(c, OnSend(chan, i, [&] { ++sent; }), OnReceive(chan, [&](Result<int> v) {
                                EXPECT_EQ(*v, 1 - i);
                                ++received;
                              }));
          if (!which.Ok()) return which.Err();
        }
        return {};
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(sent, 1000);
    EXPECT_EQ(received, 1000);
  });
}

TEST(Select, AChannelMayOccurInSeveralCases) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(0);
    std::array<int, 2> counts{};
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      for (int i = 0; i < 2000; ++i) {
        if (Error err = chan.Send(c, i)) return err;
      }
      chan.Close();
      return {};
    });
    for (bool open = true; open;) {
      auto which = Select(ctx, OnReceive(chan, [&](Result<int> v) { open = v.Ok(); }), OnReceive(chan, [&](Result<int> v) { open = v.Ok(); }));
      if (open) ++counts[*which];
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(counts[0] + counts[1], 2000);
  });
}

TEST(Select, ACanceledSelectTakesNoHandOverAfterwards) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(0);
    Chan<int> other(0);
    CancelScope scope = WithCancel(ctx);
    Error first;
    int second = 0;
    Group group(ctx);
    group.Go([&](const Context&) {
      first = Select(scope.ctx, OnReceive(chan, [](Result<int>) { ADD_FAILURE(); }), OnReceive(other, [](Result<int>) {})).Err();
    });
    Settle(ctx);
    group.Go([&](const Context& c) { second = *chan.Receive(c); });
    Settle(ctx);
    scope.cancel();
    EXPECT_TRUE(chan.TrySend(5));
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(first.Is(kCanceled));
    EXPECT_EQ(second, 5);
  });
}

TEST(SelectCases, TakesANumberOfCasesThatIsKnownAtRunTime) {
  Virtually([](const Context& ctx) {
    constexpr std::size_t kFeeds = 100;
    std::vector<Chan<std::size_t>> feeds;
    for (std::size_t i = 0; i < kFeeds; ++i) feeds.emplace_back(0);
    std::vector<int> got(kFeeds);
    SelectCases cases;
    for (std::size_t i = 0; i < kFeeds; ++i) {
      EXPECT_EQ(cases.Add(OnReceive(feeds[i], [&, i](Result<std::size_t> v) {
                  EXPECT_EQ(*v, i);
                  ++got[i];
                })),
                i);
    }
    Group group(ctx);
    for (std::size_t i = 0; i < kFeeds; ++i) group.Go([feed = feeds[i], i](const Context& c) { return feed.Send(c, i); });
    feeds.clear();  // the cases keep what they wait at
    for (std::size_t i = 0; i < kFeeds; ++i) EXPECT_TRUE(Select(ctx, cases).Ok());
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, std::vector<int>(kFeeds, 1));
    cases.Add(OnDefault());
    EXPECT_EQ(*SelectInOrder(ctx, cases), kFeeds);
  });
}

TEST(Select, WorksOnPlainThreads) {
  Chan<int> a(0);
  Chan<int> b(0);
  Group group(Background());
  for (const Chan<int>& chan : {a, b}) {
    group.Go([chan](const Context& ctx) -> Error {
      for (int i = 1; i <= 500; ++i) {
        if (Error err = chan.Send(ctx, i)) return err;
      }
      return {};
    });
  }
  int sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto add = [&](Result<int> v) { sum += *v; };
    ASSERT_TRUE(Select(Background(), OnReceive(a, add), OnReceive(b, add), OnAfter(60s, [] { ADD_FAILURE(); })).Ok());
  }
  EXPECT_FALSE(group.Wait());
  EXPECT_EQ(sum, 2 * 500 * 501 / 2);
}

// Selects that send and receive over the same channels on two loops and a thread, with contexts that end at any moment: what is sent
// arrives once.
TEST(Select, LosesAndDoublesNothingAcrossLoops) {
  const int rounds = Rounds(20'000);
  std::array<Chan<int>, 3> chans{Chan<int>(0), Chan<int>(1), Chan<int>(0)};
  std::array<long, 5> sent{};
  std::array<long, 5> got{};
  const auto work = [&](const Context& ctx, std::size_t who) -> Error {
    for (int i = 0; i < rounds; ++i) {
      CancelScope scope = WithTimeout(ctx, std::chrono::microseconds(i % 50));
      const Chan<int>& x = chans[(who + static_cast<std::size_t>(i)) % 3];
      const Chan<int>& y = chans[static_cast<std::size_t>(i) % 3];
      const int value = static_cast<int>(who) * rounds + i;
      (void)Select(scope.ctx, OnSend(x, value, [&] { sent[who] += value; }), OnReceive(y, [&](Result<int> v) { got[who] += *v; }));
    }
    return {};
  };
  Group thread(Background());
  thread.Go([&](const Context& ctx) { return work(ctx, 4); });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (std::size_t who = 0; who < 4; ++who) group.Go([&, who](const Context& c) { return work(c, who); });
    EXPECT_FALSE(group.Wait());
  });
  EXPECT_FALSE(thread.Wait());
  long left = 0;
  for (const Chan<int>& chan : chans) {
    while (auto value = chan.TryReceive()) left += *value;
  }
  long in = 0;
  long out = left;
  for (const long s : sent) in += s;
  for (const long g : got) out += g;
  EXPECT_EQ(in, out);
  EXPECT_GT(in, 0);
}

TEST(SelectCases, OwnsTheValueThatAnOnSendWasGiven) {
  Virtually([](const Context& ctx) {
    const std::string long_text(100, 'x');
    Chan<std::string> chan(1);
    SelectCases cases;
    cases.Add(OnSend(chan, std::string(long_text)));
    const std::string other(100, 'y');  // where the temporary was
    EXPECT_TRUE(Select(ctx, cases).Ok());
    EXPECT_EQ(chan.TryReceive(), long_text);
  });
}

TEST(Select, CopiesATrivialValueSoThatACaseMayBeMadeBefore) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(1);
    const auto make = [&chan](int n) { return OnSend(chan, n + 0); };
    auto one = make(1);
    auto two = make(2);
    EXPECT_TRUE(Select(ctx, one).Ok());
    EXPECT_EQ(chan.TryReceive(), 1);
    EXPECT_TRUE(Select(ctx, two).Ok());
    EXPECT_EQ(chan.TryReceive(), 2);
  });
}

}  // namespace
}  // namespace weft
