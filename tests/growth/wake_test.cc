// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <mutex>

#include <weft/concurrency/cond.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/wait_group.h>

#include "kit.h"

// Very many who wait for one thing get it by one call.
namespace weft {
namespace {

using namespace weft::testing;

template <class Wait, class Wake>
Cost WakeMany(const Context& ctx, long n, Wait wait, Wake wake) {
  Group group(ctx);
  long began = 0;
  for (long i = 0; i < n; ++i) {
    group.Go([&](const Context& c) {
      ++began;
      return wait(c);
    });
  }
  while (began < n && !group.Ctx().Err()) Yield();  // one that finds no memory for its stack ends the group
  Yield();
  return Measure([&] {
    wake();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(WakeGrowth, ByAnEvent) {
  ExpectGrowth(25'000, [](const Context& ctx, long n) {
    Event open;
    return WakeMany(ctx, n, [&](const Context& c) { return open.Wait(c); }, [&] { open.Set(); });
  });
}

TEST(WakeGrowth, ByAWaitGroup) {
  ExpectGrowth(25'000, [](const Context& ctx, long n) {
    WaitGroup work;
    work.Add(1);
    return WakeMany(ctx, n, [&](const Context& c) { return work.Wait(c); }, [&] { work.Done(); });
  });
}

TEST(WakeGrowth, ByABroadcastOfACond) {
  ExpectGrowth(25'000, [](const Context& ctx, long n) {
    Mutex mutex;
    Cond cond;
    bool open = false;
    const auto wait = [&](const Context& c) -> Error {
      std::unique_lock hold(mutex);
      return cond.Wait(c, hold, [&] { return open; });
    };
    return WakeMany(ctx, n, wait, [&] {
      std::lock_guard hold(mutex);
      open = true;
      cond.Broadcast();
    });
  });
}

}  // namespace
}  // namespace weft
