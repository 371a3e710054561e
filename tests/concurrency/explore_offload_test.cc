// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/offload.h>

#include <weft/concurrency/event.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreOffload, RunsOnceOrNotAtAll) {
  Exploring([](const Context& ctx) {
    int ran = 0;
    int returned = 0;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const Error err = Offload(i == 0 ? c : scope.ctx, [&] { ++ran; });
        returned += err ? 0 : 1;
        EXPECT_TRUE(!err || (i != 0 && err.Is(kCanceled))) << err.Message();
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ran, returned);
    EXPECT_GE(ran, 1);
  }, 500);
}

// Once it runs, its end is waited for, because it may use the caller's stack.
TEST(ExploreOffload, DoesNotReturnWhileItsFunctionRuns) {
  Exploring([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      bool inside = false;
      (void)Offload(scope.ctx, [&] {
        inside = true;
        (void)Sleep(Background(), 2ms);
        inside = false;
      });
      EXPECT_FALSE(inside);
    });
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms);
      scope.cancel();
    });
    EXPECT_FALSE(group.Wait());
  }, 300);
}

}  // namespace
}  // namespace weft
