// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "explore_kit.h"

// The last handle of a channel goes while calls wait in it: those who wait are told that it is closed, and nothing of the channel is
// touched once the last of them has left it.
namespace weft {
namespace {

using namespace weft::testing;
using Value = std::shared_ptr<int>;

// A call that waits on the one handle of a channel that is full (of one value) or empty.
struct WaitingCall {
  const char* name;
  bool full;
  int places;  // in the queues
  std::function<Error(const Context&, const Chan<Value>&)> call;
};

Error ToEnd(const Result<std::size_t>& selected) { return selected.Err(); }

const std::vector<WaitingCall>& Calls() {
  static const std::vector<WaitingCall> kCalls = {
      {"Receive", false, 1, [](const Context& c, const Chan<Value>& chan) { return chan.Receive(c).Err(); }},
      {"Send", true, 1, [](const Context& c, const Chan<Value>& chan) { return chan.Send(c, Value()); }},
      {"ForEach", false, 1,
       [](const Context& c, const Chan<Value>& chan) {
         const Error err = chan.ForEach(c, [](const Value&) {});
         return err ? err : kClosed;
       }},
      {"Select to receive", false, 1,
       [](const Context& c, const Chan<Value>& chan) {
         Error got;
         const Error err = ToEnd(Select(c, OnReceive(chan, [&](Result<Value> value) { got = value.Err(); })));
         return err ? err : got;
       }},
      {"Select to send", true, 1, [](const Context& c, const Chan<Value>& chan) { return ToEnd(Select(c, OnSend(chan, Value()))); }},
      {"Select with the channel twice", false, 2,
       [](const Context& c, const Chan<Value>& chan) {
         Error got;
         const auto note = [&](Result<Value> value) { got = value.Err(); };
         const Error err = ToEnd(Select(c, OnReceive(chan, note), OnReceive(chan, note), OnAfter(std::chrono::hours(1))));
         return err ? err : got;
       }},
  };
  return kCalls;
}

// In the channel's buffer, to see when it is destroyed.
std::unique_ptr<Chan<Value>> MakeChan(const WaitingCall& call, Value inside) {
  auto chan = std::make_unique<Chan<Value>>(call.full ? 1 : 0);
  if (call.full) {
    EXPECT_TRUE(chan->TrySend(std::move(inside)));
  }
  return chan;
}

TEST(ChanLifetime, WaitingCallsFailWithKClosedWhenTheLastHandleEnds) {
  for (const WaitingCall& call : Calls()) {
    const auto inside = std::make_shared<int>(1);
    Virtually([&](const Context& ctx) {
      std::unique_ptr<Chan<Value>> chan = MakeChan(call, inside);
      Group group(ctx);
      for (int i = 0; i < 3; ++i) {
        group.Go([&, &handle = *chan](const Context& c) { EXPECT_TRUE(call.call(c, handle).Is(kClosed)) << call.name; });
      }
      Settle(ctx);
      chan.reset();
      EXPECT_FALSE(group.Wait());
    });
    EXPECT_EQ(inside.use_count(), 1) << call.name;
  }
}

// How many stand in the queues.
int Waiting(const Chan<Value>& chan) {
  auto& state = *internal::ChanAccess::State(chan);
  std::lock_guard hold(state.lock());
  int count = 0;
  for (auto* queue : {&state.receivers(), &state.senders()}) {
    for (auto* waiter = queue->Front(); waiter != nullptr; waiter = queue->Next(*waiter)) ++count;
  }
  return count;
}

TEST(ChanLifetime, OnThreadsAndOtherLoops) {
  for (const WaitingCall& call : Calls()) {
    for (int round = 0; round < Rounds(30); ++round) {
      const auto inside = std::make_shared<int>(1);
      OnLoops(2, [&](const Context& ctx) {
        std::unique_ptr<Chan<Value>> chan = MakeChan(call, inside);
        const auto wait = [&, &handle = *chan](const Context& c) { EXPECT_TRUE(call.call(c, handle).Is(kClosed)) << call.name; };
        GroupOptions spread;
        spread.spread = true;
        Group group(ctx, spread);
        for (int i = 0; i < 3; ++i) group.Go(wait);
        std::thread thread([&] { wait(ctx); });
        while (Waiting(*chan) < 4 * call.places) Yield();
        chan.reset();
        EXPECT_FALSE(group.Wait());
        thread.join();
      });
      EXPECT_EQ(inside.use_count(), 1) << call.name;
    }
  }
}

TEST(ChanLifetime, ACallMayGiveUpWhileTheLastHandleGoes) {
  for (const WaitingCall& call : Calls()) {
    const auto inside = std::make_shared<int>(1);
    Exploring(
        [&](const Context& ctx) {
          std::unique_ptr<Chan<Value>> chan = MakeChan(call, inside);
          const CancelScope scope = WithCancel(ctx);
          Group group(ctx);
          for (int i = 0; i < 2; ++i) {
            group.Go([&, &handle = *chan](const Context&) {
              const Error err = call.call(scope.ctx, handle);
              EXPECT_TRUE(err.Is(kClosed) || err.Is(kCanceled)) << call.name << ": " << err.Message();
            });
          }
          Settle(ctx);
          group.Go([&](const Context&) { scope.cancel(); });
          group.Go([&](const Context&) { chan.reset(); });
          EXPECT_FALSE(group.Wait());
          EXPECT_EQ(inside.use_count(), 1) << call.name;
        },
        200);
  }
}

TEST(ChanLifetime, ForEachGetsWhatIsInTheBufferOfAChannelWithoutHandles) {
  Virtually([](const Context& ctx) {
    auto chan = std::make_unique<Chan<int>>(4);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(chan->TrySend(i));
    std::vector<int> got;
    const Error err = chan->ForEach(ctx, [&](int value) {
      got.push_back(value);
      chan.reset();
    });
    EXPECT_FALSE(err) << err.Message();
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2}));
  });
}

TEST(ChanLifetime, HandlesInAListOfCasesKeepTheChannel) {
  Virtually([](const Context& ctx) {
    auto chan = std::make_unique<Chan<int>>(0);
    Result<int> got(kLeaked);
    SelectCases cases;
    cases.Add(OnReceive(*chan, [&](Result<int> value) { got = std::move(value); }));
    cases.Add(OnAfter(1s));
    chan.reset();
    const Result<std::size_t> which = Select(ctx, cases);
    ASSERT_TRUE(which.Ok());
    EXPECT_EQ(*which, 1u) << "somebody else might have taken the handle from the list";
    EXPECT_TRUE(got.Err().Is(kLeaked));
  });
}

}  // namespace
}  // namespace weft
