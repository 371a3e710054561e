// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>
#include <weft/handlers/readiness.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ServerOptions DrainTimeouts(Duration drain, Duration grace) {
  ServerOptions options;
  options.drain_timeout = drain;
  options.cancel_grace = grace;
  return options;
}

TEST(DrainForcedClose, CancelsRequestsWhenTheDrainTimeoutExpires) {
  Virtually([](const Context& ctx) {
    Error cause;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      const Error err = Sleep(r.Ctx(), seconds(50));
      cause = r.Ctx().Cause();
      return err;
    }, DrainTimeouts(seconds(4), seconds(1)));
    Client client = site.Connect();
    client.Send(kGet);
    (void)Sleep(ctx, seconds(1));
    const TimePoint begin = Now();
    site.server().BeginDrain();

    const TestResponse response = client.ReadResponse();

    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(response.Has("Retry-After"));
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_EQ(Now() - begin, seconds(4));
    EXPECT_TRUE(cause.Is(kServerClosing));
    client.raw().Close();
    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(Now() - begin, seconds(4));
    EXPECT_THAT(site.Events(), Contains("drain canceling"));
  });
}

// The handler as the documents show it: it must not go on with half of what it asked for.
TEST(DrainForcedClose, FailsTheGroupOfAHandlerWhoseCallsWereCanceled) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      std::string a = "?", b = "?";
      Group group(r.Ctx());
      for (std::string* slot : {&a, &b}) {
        group.Go([slot](const Context& c) -> Error {
          if (Error err = Sleep(c, seconds(50))) return err;
          *slot = "known";
          return {};
        });
      }
      if (Error err = group.Wait()) return err;
      return w.Write(a + b);
    }, DrainTimeouts(seconds(4), seconds(1)));
    Client client = site.Connect();
    client.Send(kGet);
    (void)Sleep(ctx, seconds(1));
    site.server().BeginDrain();

    EXPECT_EQ(client.ReadResponse().status, 503);
    client.raw().Close();
    EXPECT_FALSE(site.Stop());
  });
}

TEST(DrainForcedClose, RequestsAfterTheDrainTimeoutAreCanceled) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter&, Request& r) { return Sleep(r.Ctx(), seconds(50)); },
              DrainTimeouts(seconds(1), seconds(5)));
    Client client = site.Connect();
    Client late = site.Connect();
    client.Send(kGet);
    late.Send("GET / HT");
    (void)Sleep(ctx, milliseconds(1));
    site.server().BeginDrain();
    (void)Sleep(ctx, seconds(2));
    const TimePoint begin = Now();

    late.Send("TP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(late.ReadResponse().status, 503);
    EXPECT_EQ(Now(), begin);
  });
}

TEST(DrainForcedClose, NamesTheRequestsItCloses) {
  Virtually([](const Context& ctx) {
    Event leave;
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      (void)leave.Wait(Background());  // does not look at its context
      return w.Write("nobody hears this");
    }, DrainTimeouts(seconds(4), seconds(1)));
    Client client = site.Connect();
    client.Send("GET /stubborn HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)Sleep(ctx, seconds(1));
    const TimePoint begin = Now();
    site.server().BeginDrain();

    const TestResponse response = client.ReadResponse();  // or its client would send the request again, without a word to anybody
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
    EXPECT_EQ(Now() - begin, seconds(5));
    (void)Sleep(ctx, seconds(12));
    EXPECT_EQ(site.Count("stuck GET /stubborn"), 2);
    EXPECT_THAT(site.Events(), ::testing::Not(Contains("drain drained")));  // it does not return while a handler runs
    leave.Set();

    const Error err = site.Stop();
    EXPECT_TRUE(err.Is(kServerClosing));
    EXPECT_THAT(err.Message(), HasSubstr("GET /stubborn"));
    EXPECT_THAT(err.Message(), HasSubstr("1 request"));
    EXPECT_EQ(Now() - begin, seconds(17));
  });
}

TEST(DrainForcedClose, EndsAWriteThatWaits) {
  Virtually([](const Context& ctx) {
    Error seen;
    ServerOptions options = DrainTimeouts(seconds(4), seconds(1));
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      while (!seen) seen = w.Write(Pattern(100'000));
      return seen;
    }, options);
    Client client = site.Connect();
    client.Send(kGet);
    (void)Sleep(ctx, seconds(1));
    const TimePoint begin = Now();

    const Error err = site.Stop();

    EXPECT_TRUE(seen.Is(kServerClosing)) << seen.Message();
    EXPECT_TRUE(err.Is(kServerClosing));
    EXPECT_EQ(Now() - begin, seconds(5));
  });
}

TEST(DrainForcedClose, EndsARequestThatWaitsForItsBody) {
  Virtually([](const Context& ctx) {
    Error seen;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      seen = r.Body().ReadAll().Err();
      return seen;
    }, DrainTimeouts(seconds(4), seconds(1)));
    Client client = site.Connect();
    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
    (void)Sleep(ctx, seconds(1));
    site.server().BeginDrain();

    EXPECT_EQ(client.ReadResponse().status, 503);
    EXPECT_TRUE(seen.Is(kServerClosing)) << seen.Message();
    client.raw().Close();
    EXPECT_FALSE(site.Stop());
  });
}

TEST(DrainForcedClose, ClosesConnectionsWithIncompleteHeads) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), DrainTimeouts(seconds(2), seconds(1)));
    Client client = site.Connect();
    client.Send("GET / HT");
    (void)Sleep(ctx, milliseconds(1));
    const TimePoint begin = Now();

    EXPECT_FALSE(site.Stop());  // no request was lost

    EXPECT_EQ(Now() - begin, seconds(3));
  });
}

TEST(DrainForcedClose, ComesAtOnceWithADrainTimeoutOfZero) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter&, Request& r) { return r.Ctx().Wait(); }, DrainTimeouts(seconds(0), seconds(0)));
    Client client = site.Connect();
    client.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    const TimePoint begin = Now();

    (void)site.Stop();

    EXPECT_EQ(Now(), begin);
  });
}

TEST(DrainForcedClose, NeverComesWithAnUnlimitedDrainTimeout) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      r.LongLived();
      if (Error err = Sleep(r.Ctx(), hours(1000))) return err;
      return w.Write("done");
    }, DrainTimeouts(kUnlimited, seconds(0)));
    Client client = site.Connect();
    client.Send(kGet);
    (void)Sleep(ctx, seconds(1));
    site.server().BeginDrain();

    EXPECT_EQ(client.ReadResponse().body, "done");
    EXPECT_FALSE(site.Stop());
  });
}

}  // namespace
}  // namespace weft
