// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/readiness.h>

#include <weft/concurrency/group.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A handler that sleeps under the request's context as long as its path says: "/5" is five seconds.
Error SleepAsTold(ResponseWriter& w, Request& r) {
  const int time = std::atoi(std::string(r.Path().substr(1)).c_str());
  if (Error err = Sleep(r.Ctx(), seconds(time))) return err;
  return w.Write("slept");
}

// Ends the server and says how long that took.
Duration StopTime(Site& site) {
  const TimePoint begin = Now();
  const Error err = site.Stop();
  EXPECT_FALSE(err) << err.Message();
  return Now() - begin;
}

TEST(Drain, OfAServerWithoutConnectionsTakesNoTime) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));

    EXPECT_EQ(StopTime(site), seconds(0));
    EXPECT_THAT(site.Events(), ElementsAre("drain draining", "drain drained"));
  });
}

TEST(Drain, EndsAsSoonAsTheLastResponseIsSent) {
  Virtually([](const Context& ctx) {
    Site site(ctx, SleepAsTold);
    Client slow = site.Connect();
    Client slower = site.Connect();
    const TimePoint begin = Now();
    slow.Send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    slower.Send("GET /7 HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)Sleep(ctx, seconds(1));
    site.server().BeginDrain();

    const TestResponse response = slow.ReadResponse();
    EXPECT_EQ(response.body, "slept");
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(slow.Ended());
    slow.raw().Close();
    EXPECT_EQ(slower.ReadResponse().body, "slept");
    slower.raw().Close();

    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(Now() - begin, seconds(7));
  });
}

TEST(Drain, RefusesNewConnections) {
  Virtually([](const Context& ctx) {
    Site site(ctx, SleepAsTold);
    Client slow = site.Connect();
    slow.Send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)Sleep(ctx, seconds(1));

    site.server().BeginDrain();
    (void)Sleep(ctx, milliseconds(1));

    EXPECT_FALSE(site.server().Connect(ctx).Ok());
    EXPECT_EQ(slow.ReadResponse().body, "slept");
  });
}

TEST(Drain, GivesASilentNewConnectionItsGrace) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("welcome"));
    Client silent = site.Connect();
    Client speaks = site.Connect();

    site.server().BeginDrain();
    (void)Sleep(ctx, milliseconds(90));
    speaks.Send(kGet);

    const TestResponse response = speaks.ReadResponse();
    EXPECT_EQ(response.body, "welcome");
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(silent.Ended());
    speaks.raw().Close();
    EXPECT_LE(StopTime(site), milliseconds(250));
  });
}

TEST(Drain, ServesAConnectionFromTheBacklog) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("welcome"));

    Client client = site.Connect();  // nobody has run yet that could accept it
    client.Send(kGet);
    site.server().BeginDrain();

    EXPECT_EQ(client.ReadResponse().body, "welcome");
  });
}

TEST(Drain, ASilentConnectionDoesNotDelayIt) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client old = site.Connect();
    (void)Sleep(ctx, seconds(5));
    EXPECT_LE(StopTime(site), milliseconds(100));  // its grace was over long ago; that is the time to close

    Site other(ctx, Say("x"));
    Client young = other.Connect();
    EXPECT_LE(StopTime(other), milliseconds(250));
    EXPECT_TRUE(young.Ended());
  });
}

TEST(Drain, IdleConnectionsDoNotHoldIt) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(site.Connect());
      clients.back().Get("/");
    }
    (void)Sleep(ctx, seconds(10));

    EXPECT_LE(StopTime(site), milliseconds(100));
    for (Client& client : clients) EXPECT_TRUE(client.Ended());
  });
}

TEST(Drain, ClientsThatCloseAtOnceLetItEndAtOnce) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();
    client.Get("/");
    (void)Sleep(ctx, seconds(10));
    const TimePoint begin = Now();

    site.server().BeginDrain();
    EXPECT_TRUE(client.Ended());
    client.raw().Close();

    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(Now(), begin);
  });
}

TEST(Drain, ServesARequestInFlightOnAnIdleConnection) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();
    client.Get("/");
    (void)Sleep(ctx, seconds(10));

    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    site.server().BeginDrain();

    EXPECT_EQ(client.ReadResponse().body, "/1");
  });
}

TEST(Drain, ServesAllPipelinedRequestsThatWereRead) {
  Virtually([](const Context& ctx) {
    Site site(ctx, SleepAsTold);
    Client client = site.Connect();

    client.Send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /0 HTTP/1.1\r\nHost: h\r\n\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)Sleep(ctx, seconds(1));
    site.server().BeginDrain();

    EXPECT_FALSE(client.ReadResponse().Has("Connection"));
    EXPECT_FALSE(client.ReadResponse().Has("Connection"));
    EXPECT_EQ(client.ReadResponse().Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
  });
}

TEST(Drain, EndsAClientThatNeverStopsPipelining) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), milliseconds(1))) return err;
      return w.Write("x");
    });
    Client client = site.Connect();
    std::string many;
    for (int i = 0; i < 20; ++i) many += kGet;
    client.Send(many);
    Group reader(ctx);  // one that took nothing would be waited for, over HTTP/2
    reader.Go("reads what comes", [&](const Context& c) -> Error {
      for (;;) {
        const Result<std::string> some = client.raw().ReadSome(c);
        if (!some.Ok() || some->empty()) return {};
      }
    });
    (void)Sleep(ctx, milliseconds(5));
    const TimePoint begin = Now();

    site.server().BeginDrain();
    while (!client.raw().Send(ctx, many)) {
      (void)Sleep(ctx, milliseconds(5));
      if (Now() - begin > seconds(10)) break;
    }

    EXPECT_FALSE(site.Stop());
    EXPECT_FALSE(reader.Wait());
    EXPECT_LE(Now() - begin, seconds(5));
  });
}

// Also those that lie in the socket yet, because their connection is busy.
TEST(Drain, ServesAllPipelinedRequestsThatWereNotYetRead) {
  Virtually([](const Context& ctx) {
    Site site(ctx, SleepAsTold);
    Client client = site.Connect();

    client.Send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /0 HT");
    (void)Sleep(ctx, seconds(1));
    client.Send("TP/1.1\r\nHost: h\r\n\r\nGET /0 HTTP/1.1\r\nHost: h\r\n\r\n");
    site.server().BeginDrain();

    EXPECT_FALSE(client.ReadResponse().Has("Connection"));
    EXPECT_FALSE(client.ReadResponse().Has("Connection"));
    EXPECT_EQ(client.ReadResponse().Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
  });
}

TEST(Drain, HalfAHeadHasTheTimeOfAHead) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client first = site.Connect();
    Client second = site.Connect();
    first.Send("GET /1 HT");
    second.Send("GET /2 HT");
    (void)Sleep(ctx, seconds(1));
    const TimePoint begin = Now();

    site.server().BeginDrain();
    (void)Sleep(ctx, seconds(2));
    first.Send("TP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(first.ReadResponse().body, "/1");
    EXPECT_THAT(second.ToEnd(), StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(Now() - begin, seconds(9));
    EXPECT_LE(StopTime(site), seconds(1));  // in which the client may still be sending
  });
}

// Its head, without Connection: close, was out before the drain began.
TEST(Drain, FinishesAStartedResponseThenEndsItsConnection) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = w.Flush()) return err;
      if (Error err = Sleep(r.Ctx(), seconds(5))) return err;
      return w.Write("slept");
    });
    Client client = site.Connect();
    client.Send(kGet);
    client.Until("\r\n\r\n");
    const TimePoint begin = Now();

    site.server().BeginDrain();
    EXPECT_EQ(client.Until("0\r\n\r\n"), "5\r\nslept\r\n0\r\n\r\n");
    EXPECT_TRUE(client.Ended());

    EXPECT_FALSE(site.Stop());
    EXPECT_LE(Now() - begin, seconds(5) + milliseconds(250));
  });
}

TEST(Drain, IsNotWaitedForByItsRequests) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.lame_duck = seconds(3);
    Readiness readiness;
    options.readiness = &readiness;
    Site site(ctx, Tell, options);
    Client client = site.Connect();
    EXPECT_TRUE(readiness.Ready());

    site.server().BeginDrain();
    (void)Sleep(ctx, seconds(2));

    EXPECT_FALSE(readiness.Ready());
    EXPECT_EQ(site.Connect().Get("/new").body, "/new");  // lame duck: everything else as before
    const TestResponse response = client.Get("/");
    EXPECT_FALSE(response.Has("Connection"));
    EXPECT_LE(StopTime(site), milliseconds(1250));
    EXPECT_THAT(site.Events(), ElementsAre("drain lame duck", "drain draining", "drain drained"));
  });
}

}  // namespace
}  // namespace weft
