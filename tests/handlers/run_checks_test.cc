// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/debug/run_checks.h>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/time.h>

namespace weft {
namespace {

using namespace std::chrono_literals;
using Reasons = std::vector<std::string>;

// Runs the checks on virtual time together with `look`, which sees the readiness of a process with one server; then ends them.
void Beside(std::vector<Check> checks, const std::function<void(const Context&, Readiness&)>& look, CheckOptions options = {}) {
  const Error err = RunTest([&](const Context& ctx) {
    Readiness readiness;
    const Readiness::Report server(&readiness);
    CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    Error result = Error::New("has not returned");
    group.Go([&](const Context&) { result = RunChecks(scope.ctx, readiness, checks, options); });
    look(ctx, readiness);
    scope.cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(result) << result.Message();
    EXPECT_TRUE(readiness.Ready()) << "a hold is left";
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(RunChecks, HoldsUntilEachHasPassedOnce) {
  Event warm;
  Beside({{"disk", [](const Context&) { return Error(); }},
          {"cache", [&](const Context&) { return warm.IsSet() ? Error() : Error::New("cold"); }}},
         [&](const Context& ctx, Readiness& readiness) {
           Yield();
           (void)Sleep(ctx, 1ms);
           EXPECT_EQ(readiness.Reasons(), Reasons{"cache: cold"});
           warm.Set();
           (void)Sleep(ctx, 1s);
           EXPECT_TRUE(readiness.Ready());
         });
}

TEST(RunChecks, AfterThatOnlySeveralFailuresInARowHold) {
  Error outcome;
  Beside({{"disk", [&](const Context&) { return outcome; }}}, [&](const Context& ctx, Readiness& readiness) {
    (void)Sleep(ctx, 500ms);  // between two looks
    outcome = Error::New("gone");
    (void)Sleep(ctx, 2s);
    EXPECT_TRUE(readiness.Ready()) << "two are not enough";
    outcome = {};
    (void)Sleep(ctx, 1s);
    outcome = Error::New("gone again");
    (void)Sleep(ctx, 2s);
    EXPECT_TRUE(readiness.Ready()) << "they were not in a row";
    (void)Sleep(ctx, 1s);
    EXPECT_EQ(readiness.Reasons(), Reasons{"disk: gone again"});
    outcome = Error::New("still gone");
    (void)Sleep(ctx, 1s);
    EXPECT_EQ(readiness.Reasons(), Reasons{"disk: still gone"});
    outcome = {};
    (void)Sleep(ctx, 1s);
    EXPECT_TRUE(readiness.Ready()) << "one that passes is enough";
  });
}

TEST(RunChecks, ACheckThatHangsHasFailedAndDelaysNoOther) {
  Event back;
  int other = 0;
  bool hang = false;
  Beside({{"hangs", [&](const Context&) { return hang ? back.Wait(Background()) : Error(); }},
          {"other", [&](const Context&) { return ++other, Error(); }}},
         [&](const Context& ctx, Readiness& readiness) {
           (void)Sleep(ctx, 500ms);
           hang = true;
           const int before = other;
           (void)Sleep(ctx, 10s);
           EXPECT_EQ(readiness.Reasons(), Reasons{"hangs: no result in time"});
           EXPECT_EQ(other, before + 10);
           hang = false;
           back.Set();
           (void)Sleep(ctx, 3s);
           EXPECT_TRUE(readiness.Ready());
         });
}

TEST(RunChecks, ALookHasADeadlineAndAnExceptionIsAFailure) {
  bool throws = false;
  Beside({{"slow", [&](const Context& c) -> Error {
             if (throws) throw std::runtime_error("no such table");
             EXPECT_TRUE(c.Deadline().has_value());
             return c.Wait();
           }}},
         [&](const Context& ctx, Readiness& readiness) {
           (void)Sleep(ctx, 500ms);
           EXPECT_EQ(readiness.Reasons(), Reasons{"slow: no result in time"});
           throws = true;
           (void)Sleep(ctx, 3s);
           EXPECT_EQ(readiness.Reasons(), Reasons{"slow: no such table"});
         },
         {.every = 1s, .timeout = 100ms});
}

TEST(RunChecks, WorksOnAPlainThread) {
  Readiness readiness;
  const Readiness::Report server(&readiness);
  CancelScope scope = WithCancel(Background());
  int looks = 0;

  const Error err = RunChecks(scope.ctx, readiness, {{"ends itself", [&](const Context&) {
                                                        if (++looks == 3) scope.cancel();
                                                        return Error();
                                                      }}},
                              {.every = 1ms});

  EXPECT_FALSE(err) << err.Message();
  EXPECT_EQ(looks, 3);
}

}  // namespace
}  // namespace weft
