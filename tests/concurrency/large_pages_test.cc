// SPDX-License-Identifier: Apache-2.0
#include <alloca.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace {
std::size_t g_page = 4096;
}  // namespace

// As a kernel with larger pages does: "length ... rounded up to the multiple of the page size" (madvise(2)).
extern "C" int madvise(void* address, std::size_t length, int advice) noexcept {
  if (advice == MADV_DONTNEED) length = (length + g_page - 1) / g_page * g_page;
  return static_cast<int>(syscall(SYS_madvise, address, length, advice));
}

namespace weft {
namespace {

using namespace weft::testing;

__attribute__((noinline)) void UseStack(std::size_t bytes) {
  auto* room = static_cast<volatile char*>(alloca(bytes));
  for (std::size_t i = 0; i < bytes; i += 1024) room[i] = 1;
}

class LargePages : public ::testing::TestWithParam<std::size_t> {
 public:
  LargePages() { g_page = GetParam(); }
  ~LargePages() override { g_page = 4096; }
};

void RunMany(const Context& ctx, int fibers, std::size_t stack) {
  Group group(ctx);
  int ran = 0;
  for (int i = 0; i < fibers; ++i) {
    group.Go([&](const Context& c) {
      UseStack(stack);
      (void)Sleep(c, 1ms);
      ++ran;
    });
  }
  EXPECT_FALSE(group.Wait());
  EXPECT_EQ(ran, fibers);
}

TEST_P(LargePages, FibersOutliveTheirStacksPages) {
  Virtually([](const Context& ctx) {
    for (int round = 0; round < 3; ++round) {
      RunMany(ctx, 100, 1024);
      for (int i = 0; i < 5; ++i) EXPECT_FALSE(Sleep(ctx, 500ms));
    }
  });
}

// One in 256 is looked at when it ends, and gives back what lies deep.
TEST_P(LargePages, DeepFibersKeepTheirTop) {
  Virtually([](const Context& ctx) {
    for (int round = 0; round < 10; ++round) RunMany(ctx, 100, 300 * 1024);
  });
}

INSTANTIATE_TEST_SUITE_P(Bytes, LargePages, ::testing::Values(4096, 16384, 65536));

}  // namespace
}  // namespace weft
