// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/pending_receive.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/memory_stream.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

using Value = std::unique_ptr<int>;  // can be moved only once

TEST(PendingReceive, EndsAWaitForSomethingElse) {
  for (const std::size_t capacity : {0u, 1u, 4u}) {
    Virtually([&](const Context& ctx) {
      const Chan<Value> chan(capacity);
      Group group(ctx);
      group.Go([&](const Context& c) -> Error {
        if (Error err = Sleep(c, 1s)) return err;
        return chan.Send(c, std::make_unique<int>(7));
      });
      PendingReceive<Value> next(chan);
      EXPECT_FALSE(next.Take().has_value());
      CancelScope wait = WithCancel(ctx);
      next.WakeBy(std::move(wait.cancel));
      const TimePoint start = Now();
      EXPECT_TRUE(Sleep(wait.ctx, 1min).Is(kCanceled));
      EXPECT_EQ(Now() - start, 1s);
      const std::optional<Result<Value>> got = next.Take();
      ASSERT_TRUE(got && got->Ok());
      EXPECT_EQ(***got, 7);
      EXPECT_FALSE(next.Take().has_value());
      EXPECT_FALSE(group.Wait()) << "a rendezvous is over when it has the value";
    });
  }
}

TEST(PendingReceive, EndsTheWaitAtOnceWhereSomethingIsThere) {
  Virtually([](const Context& ctx) {
    const Chan<int> chan(2);
    EXPECT_TRUE(chan.TrySend(1));
    EXPECT_TRUE(chan.TrySend(2));
    PendingReceive<int> next(chan);
    CancelScope wait = WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));
    EXPECT_TRUE(wait.ctx.Err().Is(kCanceled));
    for (int i = 1; i <= 2; ++i) EXPECT_EQ(**next.Take(), i);
    EXPECT_FALSE(next.Take().has_value());
    CancelScope again = WithCancel(ctx);
    next.WakeBy(std::move(again.cancel));
    EXPECT_FALSE(again.ctx.Err());
  });
}

TEST(PendingReceive, TakesFromASenderThatWaits) {
  Virtually([](const Context& ctx) {
    const Chan<int> chan(0);
    Group group(ctx);
    group.Go([&](const Context& c) { return chan.Send(c, 1); });
    group.Go([&](const Context& c) { return chan.Send(c, 2); });
    (void)Sleep(ctx, 1s);
    PendingReceive<int> next(chan);
    EXPECT_EQ(**next.Take(), 1);
    CancelScope wait = WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));
    EXPECT_TRUE(wait.ctx.Err());
    EXPECT_EQ(**next.Take(), 2);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(PendingReceive, SeesTheCloseAfterTheLastValue) {
  Virtually([](const Context& ctx) {
    Chan<int> chan(2);
    PendingReceive<int> next(chan), other(chan);
    CancelScope wait = WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));
    EXPECT_TRUE(chan.TrySend(1));
    EXPECT_TRUE(chan.TrySend(2));
    chan.Close();
    EXPECT_TRUE(wait.ctx.Err());
    EXPECT_EQ(**next.Take(), 1);
    EXPECT_EQ(**next.Take(), 2);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(next.Take()->Err().Is(kClosed));

    CancelScope late = WithCancel(ctx);
    other.WakeBy(std::move(late.cancel));
    EXPECT_TRUE(late.ctx.Err());
    EXPECT_TRUE(other.Take()->Err().Is(kClosed));
  });
  Virtually([](const Context& ctx) {
    Chan<int> chan(2);
    PendingReceive<int> next(chan);
    CancelScope wait = WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));
    chan = {};
    EXPECT_TRUE(wait.ctx.Err()) << "the last handle is gone: nobody can send";
    EXPECT_TRUE(next.Take()->Err().Is(kClosed));
  });
}

TEST(PendingReceive, StandsInTheQueueAsAnyOther) {
  Virtually([](const Context& ctx) {
    const Chan<int> chan(0);
    std::vector<int> got;
    Group group(ctx);
    group.Go([&](const Context& c) { got.push_back(*chan.Receive(c)); });
    Yield();
    PendingReceive<int> next(chan);
    CancelScope wait = WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));
    EXPECT_TRUE(chan.TrySend(1));
    EXPECT_FALSE(wait.ctx.Err());
    EXPECT_TRUE(chan.TrySend(2));
    EXPECT_TRUE(wait.ctx.Err());
    EXPECT_FALSE(chan.TrySend(3)) << "one value for one WakeBy";
    EXPECT_EQ(**next.Take(), 2);
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, std::vector<int>{1});
  });
}

TEST(PendingReceive, IsOutOfTheQueueAfterTakeAndAtItsEnd) {
  Virtually([](const Context& ctx) {
    const Chan<int> chan(0);
    {
      PendingReceive<int> next(chan);
      CancelScope wait = WithCancel(ctx);
      next.WakeBy(std::move(wait.cancel));
      EXPECT_FALSE(next.Take().has_value());
      EXPECT_FALSE(chan.TrySend(1));
      CancelScope again = WithCancel(ctx);
      next.WakeBy(std::move(again.cancel));
    }
    EXPECT_FALSE(chan.TrySend(1));
  });
}

TEST(PendingReceive, ASecondWakeByEndsTheFirst) {
  Virtually([](const Context& ctx) {
    const Chan<int> chan(0);
    PendingReceive<int> next(chan);
    CancelScope first = WithCancel(ctx), second = WithCancel(ctx);
    next.WakeBy(std::move(first.cancel));
    next.WakeBy(std::move(second.cancel));
    EXPECT_TRUE(first.ctx.Err());
    EXPECT_FALSE(second.ctx.Err());
    EXPECT_TRUE(chan.TrySend(1));
    EXPECT_TRUE(second.ctx.Err());
  });
}

TEST(PendingReceive, ASecondWakeByEndsTheFirstAlsoWhereSomethingIsThere) {
  Virtually([](const Context& ctx) {
    const Chan<int> chan(1);
    PendingReceive<int> next(chan);
    CancelScope first = WithCancel(ctx), second = WithCancel(ctx);
    next.WakeBy(std::move(first.cancel));
    EXPECT_FALSE(next.Take().has_value());
    EXPECT_TRUE(chan.TrySend(1));
    next.WakeBy(std::move(second.cancel));
    EXPECT_TRUE(first.ctx.Err());
    EXPECT_TRUE(second.ctx.Err());
    EXPECT_EQ(**next.Take(), 1);
  });
}

TEST(PendingReceive, OnANilChannelNothingComes) {
  Virtually([](const Context& ctx) {
    PendingReceive<int> next{Chan<int>()};
    CancelScope wait = WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));
    EXPECT_FALSE(wait.ctx.Err());
    EXPECT_FALSE(next.Take().has_value());
  });
}

// What it is for: one fiber that reads, and gets values of others meanwhile. The senders are plain threads and fibers of other loops.
TEST(PendingReceive, LetsOneFiberServeAStreamAndAChannel) {
  constexpr int kMany = 2000;
  const Error err = weft::Run(Background(), {.loops = 2}, [&](const Context& ctx) -> Error {
    auto [stream, other] = MemoryStreamPair({.buffer_bytes = 64});
    const Chan<int> chan(8);
    Group group(ctx, {.spread = true});
    group.Go([&](const Context& c) -> Error {
      for (int i = 0; i < kMany; ++i) {
        if (Error failed = chan.Send(c, i)) return failed;
      }
      chan.Close();
      return {};
    });
    group.Go([&, &other = other](const Context& c) -> Error {
      for (int i = 0; i < kMany; ++i) {
        if (Error failed = other.Write(c, "0123456789")) return failed;
      }
      other.CloseWrite();
      return {};
    });
    int next_value = 0;
    std::size_t bytes = 0;
    bool closed = false, ended = false;
    PendingReceive<int> next(chan);
    while (!closed || !ended) {
      CancelScope wait = WithCancel(ctx);
      if (!closed) next.WakeBy(std::move(wait.cancel));
      std::array<char, 32> piece;
      if (ended) {
        (void)wait.ctx.Wait();
      } else if (const Result<std::size_t> n = stream.Read(wait.ctx, piece); n.Ok()) {
        bytes += *n;
        ended = *n == 0;
      }
      if (Error failed = ctx.Err()) return failed;
      while (!closed) {
        const std::optional<Result<int>> value = next.Take();
        if (!value) break;
        closed = value->Err().Is(kClosed);
        if (closed) break;
        EXPECT_EQ(**value, next_value);
        ++next_value;
      }
    }
    EXPECT_EQ(next_value, kMany);
    EXPECT_EQ(bytes, 10u * kMany);
    return group.Wait();
  });
  EXPECT_FALSE(err) << err.Message();
}

}  // namespace
}  // namespace weft
