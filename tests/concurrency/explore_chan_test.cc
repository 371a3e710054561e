// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/chan.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

using Value = std::unique_ptr<int>;  // can be moved only once

// What went in and what came out.
struct Ledger {
  std::vector<int> sent, got;

  void Send(const Context& ctx, const Chan<Value>& chan, int number) {
    Value value = std::make_unique<int>(number);
    if (chan.Send(ctx, std::move(value))) {
      EXPECT_TRUE(value != nullptr && *value == number) << "a send that failed leaves the value alone";
    } else {
      sent.push_back(number);
    }
  }
  bool Receive(const Context& ctx, const Chan<Value>& chan) {
    Result<Value> value = chan.Receive(ctx);
    if (value.Ok()) got.push_back(**value);
    return value.Ok();
  }
  void Drain(const Chan<Value>& chan) {
    while (auto value = chan.TryReceive()) got.push_back(**value);
  }
  void ExpectBalance() {
    std::sort(sent.begin(), sent.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(sent, got);
  }
};

class ExploreChan : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ExploreChan, AHandOverThatRacesACancelLosesAndDoublesNothing) {
  Exploring([](const Context& ctx) {
    const Chan<Value> chan(GetParam());
    const CancelScope scope = WithCancel(ctx);
    Ledger ledger;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context&) {
        for (int n = 0; n < 2; ++n) ledger.Send(scope.ctx, chan, 10 * i + n);
      });
      group.Go([&](const Context&) {
        for (int n = 0; n < 2; ++n) (void)ledger.Receive(scope.ctx, chan);
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    ledger.Drain(chan);
    ledger.ExpectBalance();
    for (std::size_t i = 0; i < chan.Capacity(); ++i) EXPECT_TRUE(chan.TrySend(std::make_unique<int>(0)));
    EXPECT_FALSE(chan.TrySend(std::make_unique<int>(0))) << "no receiver was left in the queue";
  }, 300);
}

// Receivers take what is in the buffer, and nobody waits for ever.
TEST_P(ExploreChan, ACloseInTheMiddleLosesNothing) {
  Exploring([](const Context& ctx) {
    const Chan<Value> chan(GetParam());
    Ledger ledger;
    int closes = 0;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context& c) {
        for (int n = 0; n < 3; ++n) ledger.Send(c, chan, 10 * i + n);
      });
      group.Go([&](const Context& c) {
        while (ledger.Receive(c, chan)) {
        }
      });
      group.Go([&](const Context&) {
        Yield();
        closes += chan.Close() ? 1 : 0;
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(closes, 1);
    EXPECT_FALSE(chan.TryReceive().has_value()) << "it was drained";
    ledger.ExpectBalance();
  }, 300);
}

TEST_P(ExploreChan, ValuesComeInTheOrderOfTheirSender) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(GetParam());
    std::vector<int> got;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context& c) {
        for (int n = 0; n < 3; ++n) EXPECT_FALSE(chan.Send(c, 10 * i + n));
      });
    }
    for (int n = 0; n < 6; ++n) got.push_back(*chan.Receive(ctx));
    EXPECT_FALSE(group.Wait());
    for (int i = 0; i < 2; ++i) {
      std::vector<int> own;
      for (int value : got) {
        if (value / 10 == i) own.push_back(value);
      }
      EXPECT_EQ(own, (std::vector<int>{10 * i, 10 * i + 1, 10 * i + 2}));
    }
  }, 300);
}

// Those that wait are known by their order; one of them gives up meanwhile.
TEST_P(ExploreChan, SendersAreServedInTheOrderOfTheirArrival) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(GetParam());
    const int in_buffer = static_cast<int>(chan.Capacity());
    for (int i = 0; i < in_buffer; ++i) EXPECT_TRUE(chan.TrySend(i));
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> expected, got;
    Group group(ctx);
    bool gave_up = false;
    for (int i = in_buffer; i < in_buffer + 4; ++i) {
      group.Go([&, i](const Context& c) {
        if (i == in_buffer + 1) {
          gave_up = static_cast<bool>(chan.Send(scope.ctx, i));
        } else {
          EXPECT_FALSE(chan.Send(c, i));
        }
      });
      Settle(ctx);
    }
    group.Go([&](const Context&) { scope.cancel(); });
    for (int i = 0; i < in_buffer + 3; ++i) got.push_back(*chan.Receive(ctx));
    Settle(ctx);
    if (auto last = chan.TryReceive()) got.push_back(*last);
    EXPECT_FALSE(group.Wait());
    for (int i = 0; i < in_buffer + 4; ++i) {
      if (i != in_buffer + 1 || !gave_up) expected.push_back(i);
    }
    EXPECT_EQ(got, expected);
  }, 300);
}

TEST_P(ExploreChan, ReceiversAreServedInTheOrderOfTheirArrival) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(GetParam());
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> got(4, -1);
    Group group(ctx);
    for (std::size_t i = 0; i < got.size(); ++i) {
      group.Go([&, i](const Context& c) {
        const Result<int> value = chan.Receive(i == 1 ? scope.ctx : c);
        if (value.Ok()) got[i] = *value;
      });
      Settle(ctx);
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context& c) {
      for (int n = 0; n < 3; ++n) EXPECT_FALSE(chan.Send(c, n));
      Settle(c);
      (void)chan.TrySend(3);
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(got == (std::vector<int>{0, -1, 1, 2}) || got == (std::vector<int>{0, 1, 2, 3})) << ::testing::PrintToString(got);
  }, 300);
}

TEST_P(ExploreChan, ATimeoutAndTheValueMeet) {
  Exploring([](const Context& ctx) {
    const Chan<Value> chan(GetParam());
    Ledger ledger;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        const CancelScope scope = WithTimeout(c, 1ms);
        (void)ledger.Receive(scope.ctx, chan);
      });
    }
    EXPECT_FALSE(Sleep(ctx, 1ms));
    for (int i = 0; i < 2; ++i) {
      if (chan.TrySend(std::make_unique<int>(i))) ledger.sent.push_back(i);
    }
    EXPECT_FALSE(group.Wait());
    ledger.Drain(chan);
    ledger.ExpectBalance();
  }, 300);
}

// Who is woken by a close at the moment of its cancel gets one answer, and nobody is left.
TEST_P(ExploreChan, ACloseAndACancelMeet) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(GetParam());
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const Result<int> value = chan.Receive(i == 1 ? scope.ctx : c);
        EXPECT_FALSE(value.Ok());
        EXPECT_TRUE(value.Err().Is(kClosed) || (i == 1 && value.Err().Is(kCanceled))) << value.Err().Message();
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { EXPECT_TRUE(chan.Close()); });
    EXPECT_FALSE(group.Wait());
  }, 300);
}

// The place is filled at once: its sender goes on, though nobody receives any more.
TEST_P(ExploreChan, APlaceInTheBufferGoesToTheSenderThatWaits) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(GetParam());
    while (chan.TrySend(0)) {
    }
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_FALSE(chan.Send(c, 1)); });
    group.Go([&](const Context& c) { EXPECT_TRUE(chan.Receive(c).Ok()); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(chan.Size(), chan.Capacity());
  }, 300);
}

TEST_P(ExploreChan, ACloseWakesSendersThatNobodyReceivesFrom) {
  Exploring([](const Context& ctx) {
    const Chan<int> chan(GetParam());
    while (chan.TrySend(0)) {
    }
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const Error err = chan.Send(i == 1 ? scope.ctx : c, 1);
        EXPECT_TRUE(err.Is(kClosed) || (i == 1 && err.Is(kCanceled))) << err.Message();
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { EXPECT_TRUE(chan.Close()); });
    EXPECT_FALSE(group.Wait());
  }, 300);
}

INSTANTIATE_TEST_SUITE_P(Capacity, ExploreChan, ::testing::Values(0U, 1U, 2U));

}  // namespace
}  // namespace weft
