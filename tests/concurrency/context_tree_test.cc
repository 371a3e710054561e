// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/context/context_node.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ContextTree, IsCanceledWithoutRecursionAtAnyDepth) {
  constexpr int kDepth = 100'000;
  const CancelScope root = WithCancel(Background());
  std::vector<CancelScope> chain;
  chain.reserve(kDepth);
  chain.push_back(WithCancel(root.ctx));
  for (int i = 1; i < kDepth; ++i) chain.push_back(WithCancel(chain.back().ctx));

  root.cancel(Error::New("all"));

  EXPECT_EQ(chain.back().ctx.Cause().Message(), "all");
}

TEST(ContextTree, IsDestroyedWithoutRecursionAtAnyDepth) {
  Context deepest;
  for (int i = 0; i < 100'000; ++i) deepest = WithCancel(WithoutCancel(deepest)).ctx;

  EXPECT_TRUE(deepest.Err().Is(kCanceled));
}

// What is canceled or gone must not stay in its parent.
TEST(ContextTree, ForgetsChildrenThatHaveEnded) {
  const auto value = std::make_shared<int>(0);
  static constexpr Key<std::shared_ptr<int>> kValue{"value"};
  const CancelScope root = WithCancel(Background());

  for (int i = 0; i < 1000; ++i) {
    const CancelScope child = WithCancel(WithValue(root.ctx, kValue, value));
    if (i % 2 == 0) child.cancel();
  }

  EXPECT_EQ(value.use_count(), 1);
  root.cancel();
}

TEST(ContextTree, SimultaneousCancelsEndEverything) {
  for (int round = 0; round < Rounds(50); ++round) {
    const CancelScope root = WithCancel(Background());
    std::vector<CancelScope> scopes;
    scopes.push_back(WithCancel(root.ctx));
    for (std::size_t i = 1; i < 100; ++i) scopes.push_back(WithCancel(scopes[i / 2].ctx));
    std::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::minstd_rand random(t + 1);
        while (!go.load()) std::this_thread::yield();
        for (int i = 0; i < 30; ++i) scopes[random() % scopes.size()].cancel(Error::New("one of many"));
      });
    }

    go.store(true);
    root.cancel();

    // A cancel waits for those that it met on its way.
    for (const CancelScope& scope : scopes) EXPECT_TRUE(scope.ctx.Err().Is(kCanceled));
    for (std::thread& thread : threads) thread.join();
  }
}

// The second of two cancels of one context returns only when all below is done, whoever does it.
TEST(ContextTree, ACancelFromAPlainThreadWakesVeryManyWaiters) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 1000; ++i) {
      group.Go([&](const Context&) { EXPECT_TRUE(scope.ctx.Wait().Is(kCanceled)); });
    }
    Settle(ctx);

    std::thread canceler([&] { scope.cancel(); });
    canceler.join();

    EXPECT_FALSE(group.Wait());
  });
}

TEST(ContextTree, LateCancelWaitsForTheFirst) {
  for (int round = 0; round < Rounds(50); ++round) {
    const CancelScope root = WithCancel(Background());
    std::vector<CancelScope> children;
    for (int i = 0; i < 2000; ++i) children.push_back(WithCancel(root.ctx));
    std::thread first([&] { root.cancel(); });
    while (!root.ctx.Err()) std::this_thread::yield();

    root.cancel();

    for (const CancelScope& child : children) ASSERT_TRUE(child.ctx.Err());
    first.join();
  }
}

TEST(ContextTree, ChildrenMadeDuringACancelAreDone) {
  for (int round = 0; round < Rounds(50); ++round) {
    const CancelScope root = WithCancel(Background());
    std::thread canceler([&] { root.cancel(Error::New("now")); });
    std::vector<CancelScope> made;
    do {
      made.push_back(WithCancel(root.ctx));
    } while (!made.back().ctx.Err() && made.size() < 10'000);
    canceler.join();

    for (const CancelScope& child : made) EXPECT_EQ(child.ctx.Cause().Message(), "now");
  }
}

// Error and cause are set as one.
TEST(ContextTree, CauseIsNeverTornFromErr) {
  for (int round = 0; round < Rounds(200); ++round) {
    const CancelScope scope = WithCancel(Background());
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) threads.emplace_back([&, t] { scope.cancel(Error::New(std::to_string(t))); });
    Error err;
    while (!(err = scope.ctx.Err())) std::this_thread::yield();

    EXPECT_TRUE(err.Is(scope.ctx.Cause())) << err.Message();
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(ContextTree, SharedHandlesMayEndOnAnyThread) {
  const CancelScope root = WithCancel(Background());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < Rounds(5000); ++i) {
        const CancelScope child = WithTimeout(root.ctx, 1h);
        const Context copy = child.ctx;
        if (i % 3 == 0) child.cancel();
        EXPECT_TRUE(i % 3 != 0 || copy.Err());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weft
