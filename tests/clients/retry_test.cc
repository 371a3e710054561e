// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/retry.h>

#include <gtest/gtest.h>

#include <string>

#include <weft/concurrency/testing.h>
#include <weft/net/client_failure.h>

#include "../kit/run.h"


namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(Retry, CallsUntilItSucceeds) {
  Virtually([](const Context& ctx) {
    int calls = 0;
    const Result<int> got = Retry(ctx, {}, [&](const Context&) -> Result<int> {
      if (++calls < 3) return Error::New("not yet");
      return calls;
    });
    EXPECT_EQ(*got, 3);
  });
}

TEST(Retry, TheLastErrorSaysHowManyAttemptsThereWere) {
  Virtually([](const Context& ctx) {
    int calls = 0;
    const Error err = Retry(ctx, {.attempts_max = 4}, [&](const Context&) { return Error::New("failure " + std::to_string(++calls)); });
    EXPECT_EQ(err.Message(), "after 4 attempts: failure 4");
  });
}

TEST(Retry, WaitsForAPartOfAPauseThatDoubles) {
  Virtually([](const Context& ctx) {
    const TimePoint before = Now();
    const Error err = Retry(ctx, {.attempts_max = 6, .backoff = 1s, .backoff_max = 4s}, [&](const Context&) { return Error::New("x"); });
    EXPECT_TRUE(err);
    EXPECT_GT(Now() - before, 0s);
    EXPECT_LE(Now() - before, 1s + 2s + 4s + 4s + 4s);
  });
}

TEST(Retry, NeverWaitsPastTheDeadline) {
  Virtually([](const Context& ctx) {
    const TimePoint before = Now();
    const CancelScope limit = WithTimeout(ctx, 1ms);
    int calls = 0;
    const Error err = Retry(limit.ctx, {.attempts_max = 1000, .backoff = 1h, .backoff_max = 1h}, [&](const Context&) {
      ++calls;
      return Error::New("x");
    });
    EXPECT_FALSE(err.Is(kDeadlineExceeded)) << err.Message();
    EXPECT_LE(Now() - before, 1ms);
    EXPECT_LT(calls, 1000);
  });
}

TEST(Retry, DoesNotRepeatAfterTheContextHasEnded) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    int calls = 0;
    const Error err = Retry(scope.ctx, {}, [&](const Context& c) {
      ++calls;
      scope.cancel();
      return c.Err();
    });
    EXPECT_TRUE(err.Is(kCanceled));
    EXPECT_EQ(calls, 1);
  });
}

TEST(Retry, ATryTimeoutEndsTheAttemptAlone) {
  Virtually([](const Context& ctx) {
    int calls = 0;
    const Error err = Retry(ctx, {.try_timeout = 1s}, [&](const Context& c) { return ++calls < 2 ? Sleep(c, 1h) : Error(); });
    EXPECT_FALSE(err) << err.Message();
    EXPECT_EQ(calls, 2);
  });
}

TEST(Retry, MayRepeatOnlyUnprocessedCalls) {
  Virtually([](const Context& ctx) {
    for (const bool processed : {false, true}) {
      int calls = 0;
      const Error err = Retry(ctx, {.retry_if = NotProcessed}, [&](const Context&) {
        ++calls;
        return MakeClientFailure({ClientFailure::kReset, processed, "http://a", ""});
      });
      EXPECT_TRUE(err);
      EXPECT_EQ(calls, processed ? 1 : 3);
    }
    EXPECT_FALSE(NotProcessed(Error::New("x")));
  });
}

TEST(RetryBudget, AtMostAShareOfTheCallsAreRepetitions) {
  Virtually([](const Context& ctx) {
    RetryBudget budget(0.1, 2);
    int calls = 0;
    for (int i = 0; i < 1000; ++i) {
      static_cast<void>(Retry(ctx, {.backoff = 0s, .budget = &budget}, [&](const Context&) {
        ++calls;
        return Error::New("x");
      }));
    }
    EXPECT_GE(calls, 1090);
    EXPECT_LE(calls, 1102);
  });
}

}  // namespace
}  // namespace weft
