// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <map>
#include <numeric>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// What holds for a channel of each capacity.
class ChanCapacity : public ::testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t capacity_ = GetParam();
};
INSTANTIATE_TEST_SUITE_P(Each, ChanCapacity, ::testing::Values(0U, 1U, 2U, 3U, 7U, 20U));

TEST_P(ChanCapacity, AnEmptyOneHoldsReceiversUntilAValueComes) {
  Virtually([&](const Context& ctx) {
    const Chan<int> chan(capacity_);
    int got = 0;
    Group group(ctx);
    group.Go([&](const Context& c) { got += *chan.Receive(c); });
    group.Go([&](const Context& c) { EXPECT_TRUE(Select(c, OnReceive(chan, [&](Result<int> v) { got += *v; })).Ok()); });
    Settle(ctx);
    EXPECT_EQ(got, 0);
    EXPECT_FALSE(chan.TryReceive()) << "it does not overtake, and there is nothing";
    EXPECT_EQ(*Select(ctx, OnReceive(chan, [](Result<int>) {}), OnDefault()), 1U);
    EXPECT_FALSE(chan.Send(ctx, 1));
    EXPECT_FALSE(chan.Send(ctx, 10));
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, 11);
  });
}

TEST_P(ChanCapacity, AFullOneHoldsSendersUntilThereIsRoom) {
  Virtually([&](const Context& ctx) {
    const Chan<int> chan(capacity_);
    const int full = static_cast<int>(capacity_);
    for (int i = 0; i < full; ++i) EXPECT_TRUE(chan.TrySend(i));
    EXPECT_FALSE(chan.TrySend(-1));
    EXPECT_EQ(*Select(ctx, OnSend(chan, -1), OnDefault()), 1U);
    int sent = 0;
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      Error err = chan.Send(c, full);
      ++sent;
      return err;
    });
    Settle(ctx);
    group.Go([&](const Context& c) { return Select(c, OnSend(chan, full + 1, [&] { ++sent; })).Err(); });
    Settle(ctx);
    EXPECT_EQ(sent, 0);
    for (int i = 0; i < full + 2; ++i) EXPECT_EQ(*chan.Receive(ctx), i) << "in the order of arrival, with those who waited";
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(sent, 2);
    EXPECT_EQ(chan.Size(), 0U);
  });
}

TEST_P(ChanCapacity, CloseLetsTheBufferBeDrainedByEveryForm) {
  Virtually([&](const Context& ctx) {
    const Chan<int> chan(capacity_);
    for (std::size_t i = 0; i < capacity_; ++i) EXPECT_TRUE(chan.TrySend(static_cast<int>(i)));
    EXPECT_TRUE(chan.Close());
    for (std::size_t i = 0; i < capacity_; ++i) {
      const int expected = static_cast<int>(i);
      switch (i % 4) {
        case 0: EXPECT_EQ(*chan.Receive(ctx), expected); break;
        case 1: EXPECT_EQ(chan.TryReceive(), expected); break;
        case 2: EXPECT_EQ(*Select(ctx, OnReceive(chan, [&](Result<int> v) { EXPECT_EQ(*v, expected); })), 0U); break;
        default: EXPECT_EQ(*Select(ctx, OnDefault(), OnReceive(chan, [&](Result<int> v) { EXPECT_EQ(*v, expected); })), 1U);
      }
    }
    EXPECT_TRUE(chan.Receive(ctx).Err().Is(kClosed));
    bool closed = false;
    EXPECT_EQ(*Select(ctx, OnDefault(), OnReceive(chan, [&](Result<int> v) { closed = v.Err().Is(kClosed); })), 1U)
        << "a closed channel is ready";
    EXPECT_TRUE(closed);
  });
}

TEST_P(ChanCapacity, AStreamKeepsItsOrderAcrossLoops) {
  OnLoops(2, [&](const Context& ctx) {
    const Chan<int> chan(capacity_);
    const int count = Rounds(3000);
    Group group(ctx, {.spread = true});
    group.Go([&](const Context& c) -> Error {
      for (int i = 0; i < count; ++i) {
        const Error err = i % 2 == 0 ? chan.Send(c, i) : Select(c, OnSend(chan, i)).Err();
        if (err) return err;
      }
      chan.Close();
      return {};
    });
    int expected = 0;
    EXPECT_FALSE(chan.ForEach(ctx, [&](int v) { EXPECT_EQ(v, expected++); }));
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(expected, count);
  });
}

TEST_P(ChanCapacity, ManySendersAndReceiversLoseAndDoubleNothing) {
  OnLoops(2, [&](const Context& ctx) {
    constexpr int kEach = 4;
    const int count = Rounds(1500);
    const Chan<int> chan(capacity_);
    std::array<std::map<int, int>, kEach> got;
    Group receivers(ctx, {.spread = true});
    for (std::size_t r = 0; r < kEach; ++r) {
      receivers.Go([&, r](const Context& c) { return chan.ForEach(c, [&](int v) { ++got[r][v]; }); });
    }
    Group senders(ctx, {.spread = true});
    for (int s = 0; s < kEach; ++s) {
      senders.Go([&](const Context& c) -> Error {
        for (int i = 0; i < count; ++i) {
          if (Error err = chan.Send(c, i)) return err;
        }
        return {};
      });
    }
    EXPECT_FALSE(senders.Wait());
    chan.Close();
    EXPECT_FALSE(receivers.Wait());
    std::map<int, int> all;
    for (const auto& one : got) {
      for (const auto& [value, times] : one) all[value] += times;
    }
    EXPECT_EQ(all.size(), static_cast<std::size_t>(count));
    for (const auto& [value, times] : all) EXPECT_EQ(times, kEach) << value;
  });
}

// The happens-before rules, on plain memory: ThreadSanitizer sees what is missing.
TEST(ChanMemory, AValueBringsWhatWasDoneBeforeItsSend) {
  for (const std::size_t capacity : {0U, 3U}) {
    OnLoops(2, [&](const Context& ctx) {
      const int rounds = Rounds(3000);
      std::vector<int> memory(static_cast<std::size_t>(rounds));
      const Chan<std::size_t> chan(capacity);
      Group group(ctx, {.spread = true});
      group.Go([&](const Context& c) -> Error {
        for (std::size_t i = 0; i < memory.size(); ++i) {
          memory[i] = static_cast<int>(i);
          if (Error err = chan.Send(c, i)) return err;
        }
        memory.back() = -1;
        chan.Close();
        return {};
      });
      group.Go([&](const Context& c) -> Error {
        for (;;) {
          const Result<std::size_t> i = chan.Receive(c);
          if (!i.Ok()) break;
          if (*i + 1 != memory.size()) {
            EXPECT_EQ(memory[*i], static_cast<int>(*i));
          }
        }
        EXPECT_EQ(memory.back(), -1) << "a Close too";
        return {};
      });
      EXPECT_FALSE(group.Wait());
    });
  }
}

// The receive k comes before the end of the send k + C: with one place, a send locks and a receive unlocks.
TEST(ChanMemory, ABufferOfOneIsALock) {
  long counter = 0;
  const int rounds = Rounds(3000);
  OnLoops(2, [&](const Context& ctx) {
    const Chan<int> lock(1);
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 4; ++i) {
      group.Go([&](const Context& c) -> Error {
        for (int k = 0; k < rounds; ++k) {
          if (Error err = lock.Send(c, 0)) return err;
          ++counter;
          if (Error err = lock.Receive(c).Err()) return err;
        }
        return {};
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  EXPECT_EQ(counter, 4L * rounds);
}

TEST(ChanMemory, AnUnbufferedReceiveComesBeforeTheEndOfItsSend) {
  OnLoops(2, [&](const Context& ctx) {
    for (int i = 0; i < Rounds(1000); ++i) {
      const Chan<int> chan(0);
      int memory = 0;
      Group group(ctx, {.spread = true});
      group.Go([&](const Context& c) -> Error {
        memory = 1;
        return chan.Receive(c).Err();
      });
      group.Go([&](const Context& c) -> Error {
        if (Error err = chan.Send(c, 0)) return err;
        EXPECT_EQ(memory, 1);
        return {};
      });
      EXPECT_FALSE(group.Wait());
    }
  });
}

// Bits that are sent at random come out near a half, whichever way the sender waits.
TEST(ChanPattern, ASendingSelectChoosesAtRandom) {
  for (const std::size_t capacity : {0U, 100U}) {
    Virtually([&](const Context& ctx) {
      constexpr int kBits = 4000;
      const Chan<int> chan(capacity);
      Group group(ctx);
      group.Go([&](const Context& c) -> Error {
        for (int i = 0; i < kBits; ++i) {
          if (Error err = Select(c, OnSend(chan, 0), OnSend(chan, 1)).Err()) return err;
        }
        chan.Close();
        return {};
      });
      int count = 0;
      int ones = 0;
      EXPECT_FALSE(chan.ForEach(ctx, [&](int bit) {
        ++count;
        ones += bit;
        if (count % 5 == 0) Yield();
      }));
      EXPECT_FALSE(group.Wait());
      EXPECT_EQ(count, kBits);
      // Over five standard deviations. When the sender waits, the receiver serves the case that has queued first, so that order
      // is random too.
      EXPECT_NEAR(ones, kBits / 2, 165) << "capacity " << capacity;
    });
  }
}

// Numbers go through three stages with several workers each; every stage is closed by the end of its workers.
TEST(ChanPattern, StagesWithSeveralWorkersPassEverythingOn) {
  constexpr int kPrimes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29};
  OnLoops(2, [&](const Context& ctx) {
    const int count = Rounds(20'000);
    const std::array<Chan<long>, 4> stages{Chan<long>(12), Chan<long>(0), Chan<long>(5), Chan<long>(1)};
    Group group(ctx, {.spread = true});
    group.Go("source", [&](const Context& c) -> Error {
      for (int i = 0; i < count; ++i) {
        if (Error err = stages[0].Send(c, kPrimes[i % 10])) return err;
      }
      stages[0].Close();
      return {};
    });
    for (std::size_t stage = 0; stage < 3; ++stage) {
      group.Go("stage", [&, stage](const Context& c) -> Error {
        Group workers(c, {.spread = true});
        for (int w = 0; w < 5; ++w) {
          workers.Go([&, stage, w](const Context& d) {
            return stages[stage].ForEach(d, [&, stage, w](long v) -> Error {
              if (w == 0 && v % 3 == 0) Yield();
              return stages[stage + 1].Send(d, v * 2);
            });
          });
        }
        Error err = workers.Wait();
        stages[stage + 1].Close();
        return err;
      });
    }
    long sum = 0;
    int arrived = 0;
    EXPECT_FALSE(stages[3].ForEach(ctx, [&](long v) {
      sum += v;
      ++arrived;
    }));
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(arrived, count);
    EXPECT_EQ(sum, 8L * std::accumulate(std::begin(kPrimes), std::end(kPrimes), 0L) * (count / 10));
  });
}

}  // namespace
}  // namespace weft
