// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/file_read.h>

#include <unistd.h>

#include <array>
#include <limits>
#include <string>
#include <system_error>

#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>

#include "../kit/temp_file.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

std::string ReadAll(const Context& ctx, int fd, std::uint64_t offset, std::size_t piece) {
  std::string all;
  std::string buffer(piece, '\0');
  for (;;) {
    const Result<std::size_t> n = ReadFileAt(ctx, fd, buffer, offset + all.size());
    EXPECT_TRUE(n.Ok()) << n.Err().Message();
    if (!n.Ok() || *n == 0) return all;
    all.append(buffer, 0, *n);
  }
}

TEST(ReadFileAt, ReadsFromAnyPlaceToTheEnd) {
  Virtually([](const Context& ctx) {
    const std::string text = Numbers(100'000);
    TempFile file(text);
    for (const std::uint64_t offset : {0, 1, 4095, 4096, 99'999}) EXPECT_EQ(ReadAll(ctx, file.fd(), offset, 3000), text.substr(offset));
    EXPECT_EQ(ReadAll(ctx, file.fd(), 100'000, 10), "");
    EXPECT_EQ(ReadAll(ctx, file.fd(), std::numeric_limits<std::uint64_t>::max(), 10), "");
  });
}

TEST(ReadFileAt, LeavesThePositionOfTheDescriptor) {
  Virtually([](const Context& ctx) {
    TempFile file("abcdef");
    ASSERT_EQ(lseek(file.fd(), 2, SEEK_SET), 2);
    EXPECT_EQ(ReadAll(ctx, file.fd(), 3, 10), "def");
    EXPECT_EQ(lseek(file.fd(), 0, SEEK_CUR), 2);
  });
}

TEST(ReadFileAt, ReportsWhatPreadReports) {
  Virtually([](const Context& ctx) {
    char byte;
    EXPECT_TRUE(ReadFileAt(ctx, -1, {&byte, 1}, 0).Err().Is(std::errc::bad_file_descriptor));
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    EXPECT_TRUE(ReadFileAt(ctx, ends[0], {&byte, 1}, 0).Err().Is(std::errc::invalid_seek));
    close(ends[0]);
    close(ends[1]);
  });
}

TEST(ReadFileAt, ReadsFromTheDiskOnTheThreadsOfThePool) {
  OnLoops(1, [](const Context& ctx) {
    const std::string text = Numbers(1'000'000);
    TempFile file(text);
    for (int i = 0; i < TempFile::kTries && CurrentOffloadStats().done == 0; ++i) {
      if (!file.BecomesCold()) GTEST_SKIP() << "this file system does not tell what is in memory";
      EXPECT_EQ(ReadAll(ctx, file.fd(), 0, 64 * 1024), text);
    }
    const std::uint64_t offloaded = CurrentOffloadStats().done;
    if (offloaded == 0 && !file.LooksCold()) GTEST_SKIP() << "the disk is quicker than a look";
    EXPECT_GE(offloaded, 1u);
    EXPECT_EQ(ReadAll(ctx, file.fd(), 0, 64 * 1024), text);
    EXPECT_EQ(CurrentOffloadStats().done, offloaded) << "now it is in memory";
  });
}

TEST(ReadFileAt, DoesNotGoToTheDiskUnderADoneContext) {
  OnLoops(1, [](const Context& ctx) {
    TempFile file(Numbers(10'000));
    const CancelScope scope = WithTimeout(ctx, Duration::zero());
    char byte;
    EXPECT_TRUE(ReadFileAt(scope.ctx, file.fd(), {&byte, 1}, 0).Ok()) << "what is in memory comes";
    Error err;
    for (int i = 0; i < TempFile::kTries && !err; ++i) {
      if (!file.BecomesCold()) GTEST_SKIP() << "this file system does not tell what is in memory";
      err = ReadFileAt(scope.ctx, file.fd(), {&byte, 1}, 0).Err();
    }
    EXPECT_EQ(CurrentOffloadStats().done, 0u);
    if (!err && !file.LooksCold()) GTEST_SKIP() << "the disk is quicker than a look";
    EXPECT_TRUE(err.Is(kDeadlineExceeded)) << err.Message();
  });
}

TEST(WarmFile, BringsAPartIntoMemory) {
  OnLoops(1, [](const Context& ctx) {
    TempFile file(Numbers(4'000'000));
    for (int i = 0; i < TempFile::kTries && CurrentOffloadStats().done == 0; ++i) {
      if (!file.BecomesCold()) GTEST_SKIP() << "this file system does not tell what is in memory";
      EXPECT_FALSE(WarmFile(ctx, file.fd(), 1'000'000, 500'000));
    }
    if (CurrentOffloadStats().done == 0 && !file.LooksCold()) GTEST_SKIP() << "the disk is quicker than a look";

    for (std::uint64_t at = 1'000'000; at < 1'500'000; at += 4096) EXPECT_FALSE(file.IsCold(at)) << at;
    EXPECT_EQ(CurrentOffloadStats().done, 1u);
    EXPECT_FALSE(WarmFile(ctx, file.fd(), 1'000'000, 500'000));
    EXPECT_EQ(CurrentOffloadStats().done, 1u) << "it is there";
  });
}

TEST(WarmFile, TakesWhatTheFileHas) {
  Virtually([](const Context& ctx) {
    TempFile file(Numbers(10'000));
    file.Cool();
    EXPECT_FALSE(WarmFile(ctx, file.fd(), 5000, 100'000));
    EXPECT_FALSE(WarmFile(ctx, file.fd(), 50'000, 100'000));
    EXPECT_FALSE(WarmFile(ctx, file.fd(), 0, 0));
    EXPECT_FALSE(WarmFile(ctx, file.fd(), std::numeric_limits<std::uint64_t>::max(), 7));
  });
}

}  // namespace
}  // namespace weft
