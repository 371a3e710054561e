// SPDX-License-Identifier: Apache-2.0

// The examples of testing.h and testing_explore.h, which are tests. tests/headers_test.sh compares them line by line.
#include <chrono>

#include <gtest/gtest.h>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/testing_explore.h>

namespace {

weft::Error RetryThreeTimes(const weft::Context& ctx) {
  for (int seconds = 1; seconds <= 4; seconds *= 2) {
    if (weft::Error err = weft::Sleep(ctx, std::chrono::seconds(seconds))) return err;
  }
  return {};
}

class Counter {
 public:
  weft::Error Add(const weft::Context& ctx, int n) {
    auto hold = mutex_.Acquire(ctx);
    if (weft::Error err = hold.Err()) return err;
    const int before = value_;
    weft::Yield();
    value_ = before + n;
    return {};
  }
  int Value() const { return value_; }

 private:
  weft::Mutex mutex_;
  int value_ = 0;
};

TEST(Backoff, WaitsLongerEachTime) {
  weft::Error err = weft::RunTest([](const weft::Context& ctx) {
    const weft::TimePoint start = weft::Now();
    EXPECT_FALSE(RetryThreeTimes(ctx));
    EXPECT_EQ(weft::Now() - start, std::chrono::seconds(7));
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(Counter, LosesNothing) {
  weft::Error err = weft::Explore({}, [](const weft::Context& ctx) -> weft::Error {
    Counter counter;                     // whatever a schedule touches is made inside of it
    weft::Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const weft::Context& c) { return counter.Add(c, 1); });
    }
    if (weft::Error failed = group.Wait()) return failed;
    return counter.Value() == 3 ? weft::Error() : weft::Error::New("lost one");
  });
  EXPECT_FALSE(err) << err.Message();    // "...; replay it with WEFT_SEED=1234 ..."
}

}  // namespace
