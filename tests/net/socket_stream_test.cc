// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/socket_transport.h>

#include <dirent.h>

#include <weft/concurrency/group.h>

#include "stream_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

std::size_t OpenDescriptors() {
  DIR* dir = opendir("/proc/self/fd");
  std::size_t count = 0;
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
}

TEST(SocketStream, CloseGivesTheDescriptorBackOnceNobodyIsInside) {
  InFiber([](const Context& ctx) {
    auto [a, b] = UnixEnds(ctx);
    const std::size_t before = OpenDescriptors();
    a.Close();
    EXPECT_EQ(OpenDescriptors(), before - 1);
    Group group(ctx);
    group.Go([&, &end = b](const Context& c) { EXPECT_EQ(ReadSome(c, end), ""); });
    EXPECT_FALSE(group.Wait());
    auto [c, d] = UnixEnds(ctx);
    Group reader(ctx);
    reader.Go([&, &end = c](const Context& r) { EXPECT_EQ(ReadSome(r, end), "error: closed"); });
    Yield();
    const std::size_t waiting = OpenDescriptors();
    c.Close();
    EXPECT_EQ(OpenDescriptors(), waiting);
    EXPECT_FALSE(reader.Wait());
    EXPECT_EQ(OpenDescriptors(), waiting - 1);
  });
}

// A peer that is as fast as we are must not keep the loop to itself.
TEST(SocketStream, LetsOthersGoOnWhileItNeverWaits) {
  InFiber([](const Context& ctx) {
    auto [a, b] = UnixEnds(ctx);
    EXPECT_FALSE(a.Write(ctx, std::string(1000, 'x')));
    bool other_ran = false;
    int reads = 0;
    Group group(ctx);
    group.Go([&](const Context&) { other_ran = true; });
    while (!other_ran) {
      EXPECT_EQ(ReadSome(ctx, b, 1), "x");
      ++reads;
    }
    EXPECT_LE(reads, 8);
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
