// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/debug/health.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

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

TEST(Readiness, IsNotReadyWhileAnyHoldLives) {
  Readiness readiness;
  const Readiness::Report server(&readiness);
  std::optional<ReadinessHold> database(readiness.Hold("database: connection refused"));
  ReadinessHold cache = readiness.Hold("cache: warming up");
  EXPECT_EQ(StatusOfReady(readiness), 503);

  database.reset();
  EXPECT_EQ(StatusOfReady(readiness), 503);

  cache.Release();
  cache.Release();
  EXPECT_EQ(StatusOfReady(readiness), 200);
}

TEST(Readiness, AHoldMayMove) {
  Readiness readiness;
  const Readiness::Report server(&readiness);
  ReadinessHold one = readiness.Hold("one");
  {
    ReadinessHold inner = std::move(one);
    EXPECT_FALSE(one.Holds());
    EXPECT_TRUE(inner.Holds());
    ReadinessHold two = readiness.Hold("two");
    two = std::move(inner);  // lets go of its own
    EXPECT_EQ(readiness.Reasons(), std::vector<std::string>{"one"});
  }
  EXPECT_TRUE(readiness.Ready());
}

TEST(Readiness, TheReadinessProbeListsTheReasons) {
  Readiness readiness;
  const auto body = [&] {
    Recorder recorder;
    recorder.Serve(ReadyHandler(readiness), RequestBuilder());
    return recorder.Body();
  };
  const ReadinessHold cache = readiness.Hold("cache: warming up");
  EXPECT_EQ(body(), "not ready\nno server is serving\ncache: warming up\n");

  Readiness::Report server(&readiness);
  readiness.HoldBack(true);
  EXPECT_EQ(body(), "not ready\nheld back\ncache: warming up\n");

  server.BeginDrain();
  EXPECT_EQ(body(), "not ready\na server is draining\nheld back\ncache: warming up\n");
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

// HAProxy's probe is an OPTIONS over HTTP/1.0 that names no host, or the whole server.
TEST(Health, RespondsToEveryMethodThatProbesUse) {
  Readiness readiness;
  const Readiness::Report server(&readiness);
  for (const Handler& handler : {HealthHandler(), ReadyHandler(readiness)}) {
    for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
      Recorder recorder;
      recorder.Serve(handler, RequestBuilder(method, "/").Version(1, 0));
      EXPECT_EQ(recorder.Status(), 200) << method;
      EXPECT_EQ(recorder.Header().Get("Cache-Control"), "no-store") << method;
      EXPECT_EQ(recorder.Header().Get("Allow"), method == std::string("OPTIONS") ? "GET, HEAD, OPTIONS" : "") << method;
    }
    Recorder whole_server;
    whole_server.Serve(handler, RequestBuilder("OPTIONS", "*"));
    EXPECT_EQ(whole_server.Status(), 200);
  }
}

TEST(Health, ReadinessIsTheSameForEveryMethod) {
  const Readiness not_ready;
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    Recorder recorder;
    recorder.Serve(ReadyHandler(not_ready), RequestBuilder(method, "/"));
    EXPECT_EQ(recorder.Status(), 503) << method;
  }
}

TEST(Health, OtherMethodsAreNotAllowed) {
  Readiness readiness;
  const Readiness::Report server(&readiness);
  for (const Handler& handler : {HealthHandler(), ReadyHandler(readiness)}) {
    for (const char* method : {"POST", "DELETE", "TRACE", "get"}) {
      Recorder recorder;
      recorder.Serve(handler, RequestBuilder(method, "/"));
      EXPECT_EQ(recorder.Status(), 405) << method;
      EXPECT_EQ(recorder.Header().Get("Allow"), "GET, HEAD, OPTIONS") << method;
    }
  }
}

TEST(Health, IsAlways200) {
  Recorder recorder;

  recorder.Serve(HealthHandler(), RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Body(), "ok\n");
}

}  // namespace
}  // namespace weft
