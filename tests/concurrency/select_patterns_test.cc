// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Runs `first` and `second` at the same time on two loops, many times.
template <class First, class Second>
void Together(int rounds, First first, Second second) {
  OnLoops(2, [&](const Context& ctx) {
    for (int i = 0; i < rounds; ++i) {
      Group group(ctx, {.spread = true});
      auto [a, b] = std::pair(first(), second());
      group.Go(a);
      group.Go(b);
      EXPECT_FALSE(group.Wait());
    }
  });
}

const auto kIgnore = [](Result<int>) {};

// At any moment one of the two is ready: the look at both is one step, so the default never runs.
TEST(SelectDefault, NeverRunsWhileOneOfTwoIsAlwaysReady) {
  for (const bool try_receive : {false, true}) {
    Chan<int> a, b;
    std::atomic<int> defaults{0};
    Together(
        Rounds(5000),
        [&] {
          a = Chan<int>(1);
          b = Chan<int>(1);
          EXPECT_TRUE(a.TrySend(1));
          return [&](const Context& c) { (void)Select(c, OnReceive(a, kIgnore), OnReceive(b, kIgnore), OnDefault([&] { ++defaults; })); };
        },
        [&] {
          return [&](const Context& c) {
            EXPECT_TRUE(b.TrySend(1));
            if (try_receive) {
              (void)a.TryReceive();
            } else {
              (void)Select(c, OnReceive(a, kIgnore), OnDefault());
            }
          };
        });
    EXPECT_EQ(defaults.load(), 0);
  }
}

TEST(SelectDefault, NeverRunsWhenACloseComesBeforeTheValueIsTaken) {
  Chan<int> a, b;
  std::atomic<int> defaults{0};
  Together(
      Rounds(5000),
      [&] {
        a = Chan<int>(1);
        b = Chan<int>(0);
        EXPECT_TRUE(a.TrySend(1));
        return [&](const Context& c) { (void)Select(c, OnReceive(a, kIgnore), OnReceive(b, kIgnore), OnDefault([&] { ++defaults; })); };
      },
      [&] {
        return [&](const Context& c) {
          b.Close();
          (void)Select(c, OnReceive(a, kIgnore), OnDefault());
        };
      });
  EXPECT_EQ(defaults.load(), 0);
}

TEST(SelectDefault, NeverRunsForAValueThatTheCloseCannotTakeAway) {
  Chan<int> a;
  std::atomic<int> bad{0};
  Together(
      Rounds(5000),
      [&] {
        a = Chan<int>(1);
        EXPECT_TRUE(a.TrySend(1));
        return [&](const Context& c) {
          (void)Select(c, OnReceive(a, [&](Result<int> v) { bad += v.Ok() ? 0 : 1; }), OnDefault([&] { ++bad; }));
        };
      },
      [&] { return [&](const Context&) { a.Close(); }; });
  EXPECT_EQ(bad.load(), 0);
}

// Two fibers that both offer and take on one channel meet each other, never themselves.
TEST(SelectSelf, MeetsOnlyOthersOnManyLoops) {
  for (const std::size_t capacity : {0U, 10U}) {
    const int rounds = Rounds(3000);
    const Chan<int> chan(capacity);
    std::atomic<long> sent{0};
    std::atomic<long> got{0};
    OnLoops(2, [&](const Context& ctx) {
      Group group(ctx, {.spread = true});
      for (int who = 0; who < 2; ++who) {
        group.Go([&, who](const Context& c) -> Error {
          const auto receive = [&](Result<int> v) {
            ++got;
            if (capacity == 0) {
              EXPECT_NE(*v, who) << "a Select met itself";
            }
          };
          for (int i = 0; i < rounds; ++i) {
            const bool swap = i % 2 == 0;
            const Error err = swap ? Select(c, OnSend(chan, who, [&] { ++sent; }), OnReceive(chan, receive)).Err()
                                   : Select(c, OnReceive(chan, receive), OnSend(chan, who, [&] { ++sent; })).Err();
            if (err) return err;
          }
          return {};
        });
      }
      EXPECT_FALSE(group.Wait());
    });
    EXPECT_EQ(sent + got, 2L * rounds);
    EXPECT_EQ(sent - got, static_cast<long>(chan.Size()));
  }
}

// A channel that stands in a Select several times is left everywhere when one of the cases has run.
TEST(SelectDuplicate, LeavesTheChannelInAllPlaces) {
  Virtually([](const Context& ctx) {
    const Chan<int> c(0), d(0);
    std::string log;
    Group group(ctx);
    const auto note = [&](char who) { return [&log, who](Result<int> v) { log += who + std::to_string(*v) + " "; }; };
    group.Go([&](const Context& x) { return Select(x, OnReceive(c, note('a')), OnReceive(c, note('a')), OnReceive(d, note('a'))).Err(); });
    Settle(ctx);
    EXPECT_FALSE(d.Send(ctx, 9));
    group.Go([&](const Context& x) {
      log += 'b' + std::to_string(*c.Receive(x)) + " ";
    });
    Settle(ctx);
    EXPECT_TRUE(c.TrySend(7)) << "the one that waits, not the one that has left";
    Settle(ctx);
    EXPECT_FALSE(c.TrySend(8)) << "nobody is left";
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(log, "a9 b7 ");
  });
}

TEST(SelectDuplicate, SendsOneValueOnce) {
  Virtually([](const Context& ctx) {
    const Chan<int> chan(0);
    std::vector<int> got;
    Group group(ctx);
    group.Go([&](const Context& c) { return Select(c, OnSend(chan, 1), OnSend(chan, 2), OnSend(chan, 3)).Err(); });
    Settle(ctx);
    EXPECT_TRUE(chan.TryReceive().has_value());
    EXPECT_FALSE(chan.TryReceive().has_value());
    EXPECT_FALSE(group.Wait());
  });
}

// Four channels of different capacities, each fed and emptied by a fiber of its own, and at the same time by one Select that feeds and
// one that empties all four. A channel that has had its number becomes nil there, which takes its case out.
TEST(SelectStress, FourChannelsInAllDirections) {
  const int each = Rounds(20'000);
  const std::array<Chan<int>, 4> chans{Chan<int>(0), Chan<int>(0), Chan<int>(2), Chan<int>(3)};
  std::array<std::atomic<long>, 4> sums{};
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (std::size_t k = 0; k < 4; ++k) {
      group.Go([&, k](const Context& c) -> Error {
        for (int i = 0; i < each; ++i) {
          if (Error err = chans[k].Send(c, i)) return err;
        }
        return {};
      });
      group.Go([&, k](const Context& c) -> Error {
        for (int i = 0; i < each; ++i) {
          const Result<int> v = chans[k].Receive(c);
          if (!v.Ok()) return v.Err();
          sums[k] += *v;
        }
        return {};
      });
    }
    group.Go([&](const Context& c) -> Error {
      std::array<Chan<int>, 4> left = chans;
      std::array<int, 4> next{};
      for (int i = 0; i < 4 * each; ++i) {
        const Result<std::size_t> which = Select(c, OnSend(left[3], next[3]), OnSend(left[2], next[2]), OnSend(left[0], next[0]), OnSend(left[1], next[1]));
        if (!which.Ok()) return which.Err();
        constexpr std::size_t kCase[] = {3, 2, 0, 1};
        const std::size_t k = kCase[*which];
        if (++next[k] == each) left[k] = Chan<int>();
      }
      return {};
    });
    group.Go([&](const Context& c) -> Error {
      std::array<Chan<int>, 4> left = chans;
      std::array<int, 4> count{};
      const auto take = [&](std::size_t k) {
        return [&, k](Result<int> v) {
          sums[k] += *v;
          if (++count[k] == each) left[k] = Chan<int>();
        };
      };
      for (int i = 0; i < 4 * each; ++i) {
        if (Error err = Select(c, OnReceive(left[0], take(0)), OnReceive(left[1], take(1)), OnReceive(left[2], take(2)), OnReceive(left[3], take(3))).Err()) {
          return err;
        }
      }
      return {};
    });
    EXPECT_FALSE(group.Wait());
  });
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(sums[k].load(), 2L * each * (each - 1) / 2);
    EXPECT_EQ(chans[k].Size(), 0U);
  }
}

// In one that is often asked in vain the order of cases must not matter either.
TEST(SelectFairness, HoldsForSendsReceivesAndOtherContexts) {
  Virtually([](const Context& ctx) {
    constexpr int kTrials = 10'000;
    const Chan<int> in(1), out(1);
    const CancelScope done = WithCancel(ctx);
    done.cancel();
    std::array<int, 4> counts{};
    for (int i = 0; i < kTrials; ++i) {
      (void)in.TrySend(1);
      (void)out.TryReceive();
      ++counts[*Select(ctx, OnSend(out, 1), OnReceive(in, kIgnore), OnAfter(0s), OnDone(done.ctx))];
    }
    // Over five standard deviations of one in four.
    for (const int count : counts) EXPECT_NEAR(count, kTrials / 4, 220);
  });
}

// A fiber that always finds something to receive cannot put off the end of its context, as it could with two equal cases.
TEST(SelectContext, EndsASelectThatIsAlwaysReady) {
  Virtually([](const Context& ctx) {
    const Chan<int> busy(1);
    const CancelScope scope = WithTimeout(ctx, 1s);
    Error err;
    int late = 0;
    while (!err) {
      EXPECT_TRUE(busy.TrySend(1));
      const bool done = static_cast<bool>(scope.ctx.Err());
      err = Select(scope.ctx, OnReceive(busy, kIgnore)).Err();
      late += done && !err;
      EXPECT_FALSE(Sleep(ctx, 10ms));
    }
    EXPECT_TRUE(err.Is(kDeadlineExceeded));
    EXPECT_EQ(late, 0);
  });
}

}  // namespace
}  // namespace weft
