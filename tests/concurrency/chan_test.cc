// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/chan.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/select.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Chan, UnbufferedSendReturnsWhenAReceiverHasTheValue) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(0);
    std::vector<std::string> log;
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(chan.Send(c, 7));
      log.push_back("sent");
    });
    Settle(ctx);
    EXPECT_TRUE(log.empty()) << "nobody receives yet";
    EXPECT_EQ(chan.Size(), 0u);

    Result<int> got = chan.Receive(ctx);
    ASSERT_TRUE(got.Ok());
    EXPECT_EQ(*got, 7);
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(log, std::vector<std::string>{"sent"});
  });
}

TEST(Chan, UnbufferedReceiverThatWaitsIsGivenTheValue) {
  Virtually([](const Context& ctx) {
    Chan<std::string> chan(0);
    std::string got;
    Group group(ctx);
    group.Go([&](const Context& c) { got = *chan.Receive(c); });
    Settle(ctx);
    EXPECT_TRUE(chan.TrySend("hello")) << "a receiver waits";
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, "hello");
  });
}

TEST(Chan, BufferedTakesItsCapacityWithoutWaitingAndKeepsTheOrder) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(3);
    EXPECT_EQ(chan.Capacity(), 3u);
    for (int round = 0; round < 5; ++round) {  // around the ring
      EXPECT_FALSE(chan.Send(ctx, 1));
      EXPECT_FALSE(chan.Send(ctx, 2));
      EXPECT_FALSE(chan.Send(ctx, 3));
      EXPECT_FALSE(chan.TrySend(4));
      EXPECT_EQ(chan.Size(), 3u);
      EXPECT_EQ(*chan.Receive(ctx), 1);
      EXPECT_TRUE(chan.TrySend(4));
      for (int i = 2; i <= 4; ++i) EXPECT_EQ(chan.TryReceive(), i);
      EXPECT_FALSE(chan.TryReceive().has_value());
    }
  });
}

TEST(Chan, SendersThatWaitAtAFullBufferGoInTheOrderOfArrival) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(1);
    EXPECT_TRUE(chan.TrySend(0));
    Group group(ctx);
    for (int i = 1; i <= 4; ++i) {
      group.Go([&chan, i](const Context& c) { return chan.Send(c, i); });
      Settle(ctx);
    }
    for (int i = 0; i <= 4; ++i) EXPECT_EQ(*chan.Receive(ctx), i);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Chan, ReceiversThatWaitAreServedInTheOrderOfArrival) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(0);
    std::vector<int> got(4);
    Group group(ctx);
    for (std::size_t i = 0; i < got.size(); ++i) {
      group.Go([&, i](const Context& c) { got[i] = *chan.Receive(c); });
      Settle(ctx);
    }
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(chan.Send(ctx, i));
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3}));
  });
}

TEST(Chan, NilIsNeverReady) {
  Virtually([](const Context& ctx) {
    Chan<int> nil;
    EXPECT_FALSE(nil.TrySend(1));
    EXPECT_FALSE(nil.TryReceive().has_value());
    EXPECT_FALSE(nil.Close());
    EXPECT_EQ(nil.Size(), 0u);
    EXPECT_EQ(nil.Capacity(), 0u);
    EXPECT_TRUE(nil == Chan<int>());
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(nil.Receive(scope.ctx).Err().Is(kDeadlineExceeded));
    const CancelScope again = WithTimeout(ctx, 1s);
    EXPECT_TRUE(nil.Send(again.ctx, 1).Is(kDeadlineExceeded));
  });
}

TEST(Chan, CloseDrainsThenReportsClosedForever) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(2);
    EXPECT_TRUE(chan.TrySend(1));
    EXPECT_TRUE(chan.TrySend(2));
    EXPECT_TRUE(chan.Close());
    EXPECT_FALSE(chan.Close()) << "a second time";
    EXPECT_TRUE(chan.Send(ctx, 3).Is(kClosed));
    EXPECT_FALSE(chan.TrySend(3));
    EXPECT_EQ(*chan.Receive(ctx), 1);
    EXPECT_EQ(chan.TryReceive(), 2);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(chan.Receive(ctx).Err().Is(kClosed));
    EXPECT_FALSE(chan.TryReceive().has_value());
  });
}

TEST(Chan, CloseWakesAllWhoWait) {
  Virtually([](const Context& ctx) {
    Chan<int> empty(0);
    Chan<int> full(1);
    EXPECT_TRUE(full.TrySend(0));
    int closed = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) { closed += empty.Receive(c).Err().Is(kClosed); });
      group.Go([&](const Context& c) { closed += full.Send(c, 1).Is(kClosed); });
    }
    Settle(ctx);
    EXPECT_TRUE(empty.Close());
    EXPECT_TRUE(full.Close());
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(closed, 6);
    EXPECT_EQ(*full.Receive(ctx), 0) << "what was in the buffer stays";
    EXPECT_TRUE(full.Receive(ctx).Err().Is(kClosed)) << "and no value of a failed send came in";
  });
}

TEST(Chan, UnderADoneContextNothingHappens) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(2);
    EXPECT_TRUE(chan.TrySend(1));
    CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(chan.Send(scope.ctx, 2).Is(kCanceled)) << "there is room";
    EXPECT_TRUE(chan.Receive(scope.ctx).Err().Is(kCanceled)) << "there is a value";
    EXPECT_EQ(chan.Size(), 1u);
  });
}

TEST(Chan, ACanceledReceiveTakesNoValueAfterwards) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(0);
    CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    Error first;
    int second = 0;
    group.Go([&](const Context&) { first = chan.Receive(scope.ctx).Err(); });
    Settle(ctx);
    group.Go([&](const Context& c) { second = *chan.Receive(c); });
    Settle(ctx);
    scope.cancel();
    EXPECT_TRUE(chan.TrySend(5)) << "the cancelled receiver stands first in the queue and has not run yet";
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(first.Is(kCanceled));
    EXPECT_EQ(second, 5);
  });
}

TEST(Chan, ACanceledSendKeepsItsValue) {
  Virtually([](const Context& ctx) {
    Chan<std::unique_ptr<int>> chan(0);
    CancelScope scope = WithTimeout(ctx, 1s);
    auto value = std::make_unique<int>(9);
    EXPECT_TRUE(chan.Send(scope.ctx, std::move(value)).Is(kDeadlineExceeded));
    ASSERT_NE(value, nullptr) << "moved from only on success";
    EXPECT_FALSE(chan.TrySend(std::move(value)));
    ASSERT_NE(value, nullptr);
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_EQ(**chan.Receive(c), 9); });
    EXPECT_FALSE(chan.Send(ctx, std::move(value)));
    EXPECT_EQ(value, nullptr);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Chan, DestroysWhatNobodyTook) {
  auto value = std::make_shared<int>(1);
  {
    Chan<std::shared_ptr<int>> chan(4);
    EXPECT_TRUE(chan.TrySend(value));
    EXPECT_TRUE(chan.TrySend(value));
    (void)chan.TryReceive();
    EXPECT_EQ(value.use_count(), 2);
  }
  EXPECT_EQ(value.use_count(), 1);
}

TEST(Chan, ForEachEndsWithCloseWithAnErrorOrWithItsContext) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(8);
    for (int i = 1; i <= 4; ++i) EXPECT_TRUE(chan.TrySend(i));
    int sum = 0;
    const Error stop = Error::New("enough");
    EXPECT_TRUE(chan.ForEach(ctx, [&](int v) -> Error { return (sum += v) == 3 ? stop : Error(); }).Is(stop));
    EXPECT_EQ(chan.Size(), 2u) << "it takes no value beyond the one that ended it";
    chan.Close();
    EXPECT_FALSE(chan.ForEach(ctx, [&](int v) { sum += v; }));
    EXPECT_EQ(sum, 10);
    Chan<int> open(0);
    const CancelScope scope = WithTimeout(ctx, 1s, kClosed);
    EXPECT_TRUE(open.ForEach(scope.ctx, [](int) {}).Is(kDeadlineExceeded)) << "a cause of kClosed is not the channel's";
  });
}

TEST(Chan, IsTheSameForAllItsCopies) {
  Chan<int> a(1);
  const Chan<int> b = a;
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(a == Chan<int>(1));
  EXPECT_TRUE(a.TrySend(1));
  EXPECT_EQ(b.TryReceive(), 1);
}

TEST(Chan, WorksBetweenPlainThreads) {
  Chan<int> chan(0);
  Group group(Background());
  group.Go([&](const Context& ctx) -> Error {
    for (int i = 0; i < 1000; ++i) {
      if (Error err = chan.Send(ctx, i)) return err;
    }
    chan.Close();
    return {};
  });
  std::vector<int> got;
  EXPECT_FALSE(chan.ForEach(Background(), [&](int v) { got.push_back(v); }));
  EXPECT_FALSE(group.Wait());
  std::vector<int> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(got, expected);
}

// Many senders and receivers on two loops and a thread, some with contexts that end at any moment: each value that a Send took
// arrives once, and no other.
TEST(Chan, LosesAndDoublesNothingWhenCancelsRaceWithHandOvers) {
  constexpr int kSenders = 4;
  const int each = Rounds(20'000);
  for (const std::size_t capacity : {0u, 3u}) {
    Chan<int> chan(capacity);
    std::vector<std::vector<int>> got(4);
    std::vector<std::vector<int>> sent(kSenders);
    const auto send = [&](const Context& ctx, int sender) -> Error {
      for (int i = 0; i < each; ++i) {
        CancelScope scope = WithCancel(ctx);
        if (i % 3 == 0) scope = WithTimeout(ctx, std::chrono::microseconds(i % 7));
        const int value = sender * each + i;
        if (!chan.Send(scope.ctx, value)) sent[static_cast<std::size_t>(sender)].push_back(value);
      }
      return {};
    };
    const auto receive = [&](const Context& ctx, std::size_t receiver) -> Error {
      for (int i = 0;; ++i) {
        CancelScope scope = WithCancel(ctx);
        if (i % 4 == 0) scope = WithTimeout(ctx, std::chrono::microseconds(i % 5));
        Result<int> value = chan.Receive(scope.ctx);
        if (value.Ok()) got[receiver].push_back(*value);
        else if (value.Err().Is(kClosed)) return {};
      }
    };
    Group thread(Background());
    thread.Go([&](const Context& ctx) { return receive(ctx, 3); });
    OnLoops(2, [&](const Context& ctx) {
      Group receivers(ctx, {.spread = true});
      for (std::size_t r = 0; r < 3; ++r) receivers.Go([&, r](const Context& c) { return receive(c, r); });
      Group senders(ctx, {.spread = true});
      for (int s = 0; s < kSenders; ++s) senders.Go([&, s](const Context& c) { return send(c, s); });
      EXPECT_FALSE(senders.Wait());
      chan.Close();
      EXPECT_FALSE(receivers.Wait());
    });
    EXPECT_FALSE(thread.Wait());
    std::vector<int> all_sent;
    std::vector<int> all_got;
    for (auto& v : sent) all_sent.insert(all_sent.end(), v.begin(), v.end());
    for (auto& v : got) all_got.insert(all_got.end(), v.begin(), v.end());
    std::sort(all_sent.begin(), all_sent.end());
    std::sort(all_got.begin(), all_got.end());
    EXPECT_EQ(all_sent, all_got) << "capacity " << capacity;
  }
}

TEST(Chan, MayBeDestroyedByWhoWasWoken) {
  OnLoops(2, [](const Context& ctx) {
    const Chan<Chan<int>*> questions(16);
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&questions](const Context& c) -> Error {
        if (Loop::Current()->Index() == 1) {
          int turn = 0;
          return questions.ForEach(c, [&turn](Chan<int>* answer) {
            switch (++turn % 3) {
              case 0: answer->Close(); break;
              case 1: answer->TrySend(1); break;
              default: EXPECT_TRUE(Select(Background(), OnSend(*answer, 1)).Ok());
            }
          });
        }
        for (int k = 0; k < Rounds(30'000); ++k) {
          auto answer = std::make_unique<Chan<int>>(1);
          if (Error err = questions.Send(c, answer.get())) return err;
          (void)answer->Receive(c);
        }
        questions.Close();
        return {};
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
