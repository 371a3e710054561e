// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <weft/net/internal/progress.h>

namespace weft::internal {
namespace {

using std::chrono::seconds;

constexpr Duration kPeriod = seconds(30);
constexpr std::uint64_t kLeast = 1000;

TimePoint At(int second) { return TimePoint(seconds(1000 + second)); }

TEST(Progress, TheFirstWaitHasAWholePeriod) {
  Progress progress;

  EXPECT_EQ(progress.WaitUntil(At(5), kPeriod, kLeast), At(35));
}

TEST(Progress, TooLittleLeavesWhatIsLeftOfThePeriod) {
  Progress progress;
  progress.WaitUntil(At(0), kPeriod, kLeast);
  progress.Waited(At(20));
  progress.Moved(kLeast - 1);

  EXPECT_EQ(progress.WaitUntil(At(20), kPeriod, kLeast), At(30));
  EXPECT_FALSE(progress.AtBegin());
}

TEST(Progress, EnoughInSeveralPiecesBeginsANewPeriod) {
  Progress progress;
  for (const int second : {0, 5, 10, 15}) {
    progress.WaitUntil(At(second), kPeriod, kLeast);
    progress.Waited(At(second + 5));
    progress.Moved(kLeast / 4);
  }

  EXPECT_EQ(progress.WaitUntil(At(20), kPeriod, kLeast), At(50));
  EXPECT_TRUE(progress.AtBegin());
}

TEST(Progress, TimeInWhichNobodyWaitsDoesNotCount) {
  Progress progress;
  progress.WaitUntil(At(0), kPeriod, kLeast);
  progress.Waited(At(10));
  progress.Moved(1);

  EXPECT_EQ(progress.WaitUntil(At(500), kPeriod, kLeast), At(520));
}

TEST(Progress, AnElapsedPeriodEndsTheNextWaitAtOnce) {
  Progress progress;
  progress.WaitUntil(At(0), kPeriod, kLeast);
  progress.Waited(At(31));
  progress.Moved(1);

  EXPECT_EQ(progress.WaitUntil(At(40), kPeriod, kLeast), At(40));
}

TEST(Progress, WithoutALimitItWaitsForever) {
  Progress progress;

  EXPECT_EQ(progress.WaitUntil(At(0), Duration::max(), kLeast), TimePoint::max());
  EXPECT_EQ(progress.WaitUntil(At(0), Duration::max() - seconds(1), kLeast), TimePoint::max());
}

}  // namespace
}  // namespace weft::internal
