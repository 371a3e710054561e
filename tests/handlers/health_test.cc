// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/health.h>

#include <optional>

#include <gtest/gtest.h>

#include <weft/handlers/readiness.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

int StatusOfReady(const Readiness& readiness) {
  Recorder recorder;
  recorder.Serve(ReadyHandler(readiness), RequestBuilder());
  EXPECT_EQ(recorder.Header().Get("Cache-Control"), "no-store");
  return recorder.Status();
}

TEST(Readiness, IsNotReadyBeforeAServerServes) {
  const Readiness readiness;

  EXPECT_EQ(StatusOfReady(readiness), 503);
}

TEST(Readiness, FollowsTheLifeOfAServer) {
  Readiness readiness;
  std::optional<Readiness::Report> server(&readiness);
  EXPECT_EQ(StatusOfReady(readiness), 200);

  server->BeginDrain();
  EXPECT_EQ(StatusOfReady(readiness), 503);

  server->BeginDrain();
  server.reset();
  EXPECT_EQ(StatusOfReady(readiness), 503);

  server.emplace(&readiness);
  EXPECT_EQ(StatusOfReady(readiness), 200);
}

TEST(Readiness, WithSeveralServersOneThatDrainsIsEnough) {
  Readiness readiness;
  Readiness::Report first(&readiness);
  {
    Readiness::Report second(&readiness);
    EXPECT_TRUE(readiness.Ready());
    second.BeginDrain();
    EXPECT_FALSE(readiness.Ready());
  }
  EXPECT_TRUE(readiness.Ready());
}

TEST(Readiness, CanBeHeldBack) {
  Readiness readiness;
  const Readiness::Report server(&readiness);

  readiness.HoldBack(true);
  EXPECT_FALSE(readiness.Ready());

  readiness.HoldBack(false);
  EXPECT_TRUE(readiness.Ready());
}

TEST(Readiness, AServerWithoutOneReportsToNobody) {
  Readiness::Report report(nullptr);

  report.BeginDrain();
}

TEST(Health, IsAlways200) {
  Recorder recorder;

  recorder.Serve(HealthHandler(), RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Body(), "ok\n");
}

}  // namespace
}  // namespace weft
