// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/resources.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// How often this thread has slept.
long Sleeps() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

// On two cores the loops stop sleeping in each step, however long it takes to wake them; SpinPolicy has the whole story. Goes on
// until it is so. Some sleeps are left to a machine on which others run.
TEST(LoopsAwake, LoopsThatWakeEachOtherStopSleeping) {
  if (UsableCpus() < 2) GTEST_SKIP() << "on one core a loop that waits must sleep";
  OnLoops(2, [](const Context& parent) {
    constexpr int kTrips = 20;
    Chan<int> there(0), back(0);
    Group group(parent, {.spread = true});
    group.Go([&](const Context& ctx) {
      for (long slept = kTrips; slept > kTrips / 2;) {
        const long before = Sleeps();
        for (int i = 0; i < kTrips; ++i) {
          EXPECT_FALSE(there.Send(ctx, i));
          EXPECT_EQ(*back.Receive(ctx), i);
        }
        slept = Sleeps() - before;
      }
      there.Close();
    });
    group.Go([&](const Context& ctx) {
      for (auto ball = there.Receive(ctx); !ball.Err(); ball = there.Receive(ctx)) EXPECT_FALSE(back.Send(ctx, *ball));
    });
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
