// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

long ResidentKiB() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

// gcc 12's ThreadSanitizer ends near 8,000 fibers, and AddressSanitizer maps a second stack for each.
TEST(FiberScale, AHundredThousandLiveOnOneLoop) {
  const int count = kSanitized ? 4'000 : 100'000;
  OnLoops(1, [count](const Context& ctx) {
    const long before = ResidentKiB();
    Event go;
    int started = 0;
    int ended = 0;
    Group group(ctx);
    for (int i = 0; i < count; ++i) {
      group.Go([&](const Context& c) {
        ++started;
        const Error err = go.Wait(c);
        ++ended;
        return err;
      });
    }
    while (started < count) Yield();

    const double each = static_cast<double>(ResidentKiB() - before) / count;
    std::printf("%d fibers alive, %.2f KiB resident each\n", count, each);
    ::testing::Test::RecordProperty("kib_per_fiber", std::to_string(each));
    EXPECT_EQ(ListFibers().size(), static_cast<std::size_t>(count) + 1);
    go.Set();

    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ended, count);
    if (!kSanitized) {
      EXPECT_LT(each, 10.0);
    }
  });
}

TEST(FiberScale, CancelWakesThemAll) {
  const int count = kSanitized ? 2'000 : 20'000;
  OnLoops(2, [count](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int i = 0; i < count; ++i) group.Go([](const Context& c) { return Sleep(c, 1h); });
    group.Cancel();
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
