// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Leaves { kHalfCloses, kCloses, kResets };

struct Case {
  const char* name;
  const char* request;
};

const Case kCases[] = {
    {"nothing else", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"a body of which nothing came", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"},
    {"an unread body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"},
    {"a pipelined request", "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"},
};

class ClientThatLeaves : public ::testing::TestWithParam<Leaves> {
 protected:
  static void Leave(Client& client) {
    switch (GetParam()) {
      case Leaves::kHalfCloses: client.raw().CloseSend(); break;
      case Leaves::kCloses: client.raw().Close(); break;
      case Leaves::kResets: client.raw().Reset(); break;
    }
  }
};

TEST_P(ClientThatLeaves, CancelsAHandlerThatSleeps) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    Virtually([&](const Context& ctx) {
      Event entered;
      Event left;
      Error err;
      Error cause;
      Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
        entered.Set();
        err = Sleep(r.Ctx(), seconds(50));
        cause = r.Ctx().Cause();
        left.Set();
        return err;
      });
      Client client = site.Connect();
      const TimePoint begin = Now();

      client.Send(each.request);
      (void)entered.Wait(ctx);
      Leave(client);
      (void)left.Wait(ctx);

      EXPECT_EQ(Now(), begin);
      EXPECT_TRUE(err.Is(kCanceled));
      EXPECT_TRUE(cause.Is(kClientGone)) << cause.Message();
    });
  }
}

// Over TCP a reset comes as an error and not as an end, so once more there.
TEST_P(ClientThatLeaves, CancelsAHandlerThatSleepsOverTcp) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    ServerOptions options;
    options.address = "127.0.0.1:0";
    Event entered;
    Event left;
    Site site(Background(), [&](ResponseWriter&, Request& r) -> Error {
      entered.Set();
      const Error err = Sleep(r.Ctx(), seconds(50));
      const Error cause = r.Ctx().Cause();  // of two requests at once over HTTP/2, so nothing is shared
      EXPECT_TRUE(cause.Is(kClientGone)) << cause.Message();
      left.Set();
      return err;
    }, options);
    Client client = site.Connect();

    client.Send(each.request);
    (void)entered.Wait(Background());
    Leave(client);
    (void)left.Wait(Background());
  }
}

TEST_P(ClientThatLeaves, CancelsWhatTheHandlerHasStarted) {
  Virtually([&](const Context& ctx) {
    Event entered;
    int canceled = 0;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      Group group(r.Ctx());
      for (int i = 0; i < 3; ++i) {
        group.Go([&](const Context& c) -> Error {
          const Error err = Sleep(c, seconds(50));
          if (err.Is(kClientGone)) ++canceled;
          return err;
        });
      }
      entered.Set();
      return group.Wait();
    });
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(kGet);
    (void)entered.Wait(ctx);
    Leave(client);

    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(canceled, 3);
    EXPECT_LE(Now() - begin, milliseconds(200));
  });
}

TEST_P(ClientThatLeaves, WhileTheServerWaitsForABodyIsNoticed) {
  Virtually([&](const Context& ctx) {
    Event entered;
    Error err;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      entered.Set();
      err = r.Body().ReadAll().Err();
      return err;
    });
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    (void)entered.Wait(ctx);
    Leave(client);

    EXPECT_FALSE(site.Stop());
    EXPECT_TRUE(err);
    EXPECT_LE(Now() - begin, milliseconds(200));
  });
}

TEST_P(ClientThatLeaves, WhileItIsIdleOrInAHeadIsForgotten) {
  Virtually([&](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client fresh = site.Connect();
    Client idle = site.Connect();
    Client in_head = site.Connect();
    idle.Get("/");
    in_head.Send("GET / HT");
    (void)Sleep(ctx, milliseconds(1));

    for (Client* client : {&fresh, &idle, &in_head}) Leave(*client);
    (void)Sleep(ctx, milliseconds(1));
    const TimePoint begin = Now();

    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(Now(), begin);  // nobody is left to wait for
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, ClientThatLeaves,
                         ::testing::Values(Leaves::kHalfCloses, Leaves::kCloses, Leaves::kResets),
                         [](const auto& row) -> std::string {
                           switch (row.param) {
                             case Leaves::kHalfCloses: return "HalfCloses";
                             case Leaves::kCloses: return "Closes";
                             case Leaves::kResets: return "Resets";
                           }
                           return "";
                         });

TEST(ClientGone, ARequestThatArrivedWithTheFinIsServedIfItsHandlerDoesNotWait) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();

    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    client.raw().CloseSend();

    EXPECT_EQ(client.ReadResponse().body, "/1");
    EXPECT_EQ(client.ReadResponse().body, "/2");
    EXPECT_TRUE(client.Ended());
  });
}

TEST(ClientGone, ARequestThatArrivedWithTheFinIsCanceledAtItsFirstWait) {
  Virtually([](const Context& ctx) {
    Error cause;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      const Error err = Sleep(r.Ctx(), seconds(50));
      cause = r.Ctx().Cause();
      return err;
    });
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(kGet);
    client.raw().CloseSend();

    EXPECT_EQ(client.ToEnd(), "");
    EXPECT_EQ(Now(), begin);
    EXPECT_TRUE(cause.Is(kClientGone));
    EXPECT_EQ(site.Count("aborted: "), 1);
    EXPECT_EQ(site.Count("failed "), 0);
  });
}

TEST(ClientGone, HalfClosedClientsAreServedIfTheOptionSaysSo) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.half_closed_clients = true;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(50))) return err;
      return w.Write(r.Target());
    }, options);
    Client client = site.Connect();

    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    client.raw().CloseSend();

    EXPECT_EQ(client.ReadResponse().body, "/1");
    EXPECT_EQ(client.ReadResponse().body, "/2");
    EXPECT_TRUE(client.Ended());
  });
}

TEST(ClientGone, HalfClosedClientsThatResetAreGoneNevertheless) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.half_closed_clients = true;
    Event entered;
    Error cause;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      entered.Set();
      const Error err = Sleep(r.Ctx(), seconds(50));
      cause = r.Ctx().Cause();
      return err;
    }, options);
    Client client = site.Connect();

    client.Send(kGet);
    (void)entered.Wait(ctx);
    client.raw().Reset();

    EXPECT_FALSE(site.Stop());
    EXPECT_TRUE(cause.Is(kClientGone));
  });
}

TEST(ClientGone, EndsAWriteThatWaits) {
  Virtually([](const Context& ctx) {
    Error err;
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      while (!err) err = w.Write(Pattern(100'000));
      return err;
    });
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(kGet);
    client.Until("\r\n\r\n");
    (void)Sleep(ctx, seconds(1));
    client.raw().Close();

    EXPECT_FALSE(site.Stop());
    EXPECT_TRUE(err.Is(kClientGone)) << err.Message();
    EXPECT_LE(Now() - begin, milliseconds(1200));
  });
}

// The next user of the exchange and of its context starts afresh.
TEST(ClientGone, LeavesNoTraceForTheNextRequest) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(1))) return err;
      return w.Write("rested");
    });
    for (int i = 0; i < 5; ++i) {
      Client gone = site.Connect();
      gone.Send(kGet);
      (void)Sleep(ctx, milliseconds(1));
      gone.raw().Close();
      (void)Sleep(ctx, milliseconds(1));

      EXPECT_EQ(site.Connect().Get("/").body, "rested");
    }
  });
}

}  // namespace
}  // namespace weft
