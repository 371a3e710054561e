// SPDX-License-Identifier: Apache-2.0
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

ServerOptions Room(std::uint64_t requests, std::uint64_t queued) {
  ServerOptions options;
  options.requests_max = requests;
  options.queued_requests_max = queued;
  return options;
}

// "/5" takes five seconds.
Error Work(ResponseWriter& w, Request& r) {
  if (Error err = Sleep(r.Ctx(), seconds(std::atoi(std::string(r.Path().substr(1)).c_str())))) return err;
  return w.Write(r.Target());
}

void Ask(Client& client, std::string_view target) {
  client.Send("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(RequestLimit, RequestsAboveItWaitForTheirTurn) {
  Virtually([](const Context& ctx) {
    std::vector<std::string> begun;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      begun.emplace_back(r.Target());
      return Work(w, r);
    }, Room(1, 10));
    std::vector<Client> clients;
    const TimePoint begin = Now();
    for (int i = 0; i < 4; ++i) {
      clients.push_back(site.Connect());
      Ask(clients.back(), "/2?" + std::to_string(i));
      (void)Sleep(ctx, milliseconds(1));
    }

    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(clients[static_cast<std::size_t>(i)].ReadResponse().body, "/2?" + std::to_string(i));
      EXPECT_EQ(Now() - begin, seconds(2 * (i + 1)));
    }
    EXPECT_THAT(begun, ElementsAre("/2?0", "/2?1", "/2?2", "/2?3"));
  });
}

TEST(RequestLimit, RequestsBeyondTheQueueGet503) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Work, Room(1, 1));
    Client served = site.Connect();
    Client queued = site.Connect();
    Client refused = site.Connect();
    Ask(served, "/2");
    Ask(queued, "/1");
    (void)Sleep(ctx, milliseconds(1));

    const TestResponse response = refused.Get("/3");
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.Header("Retry-After"), "1");
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(refused.Ended());

    EXPECT_EQ(served.ReadResponse().body, "/2");
    EXPECT_EQ(queued.ReadResponse().body, "/1");
    EXPECT_EQ(site.Count("limit queued requests"), 1);
    EXPECT_EQ(queued.Get("/0").body, "/0");  // there is room again
  });
}

TEST(RequestLimit, AQueuedRequestKeepsItsBodyAndWhatFollows) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) { return r.Method() == "POST" ? Echo(w, r) : Work(w, r); }, Room(1, 1));
    Client first = site.Connect();
    Client second = site.Connect();
    Ask(first, "/2");
    second.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nhalf");
    (void)Sleep(ctx, seconds(1));
    second.Send("half" + std::string("GET /0 HTTP/1.1\r\nHost: h\r\n\r\n"));

    EXPECT_EQ(second.ReadResponse().body, "halfhalf");
    EXPECT_EQ(second.ReadResponse().body, "/0");
  });
}

TEST(RequestLimit, AQueuedRequestGivesUpAtItsDeadline) {
  Virtually([](const Context& ctx) {
    ServerOptions options = Room(1, 1);
    options.request_timeout = seconds(3);
    Site site(ctx, [](ResponseWriter&, Request& r) -> Error {
      (void)r.Ctx().Wait();
      return Sleep(Background(), seconds(5));  // stubborn
    }, options);
    Client first = site.Connect();
    Client second = site.Connect();
    Ask(first, "/1");
    Ask(second, "/2");
    const TimePoint begin = Now();

    EXPECT_EQ(second.ReadResponse().status, 503);
    EXPECT_EQ(Now() - begin, seconds(3));
    EXPECT_EQ(site.Count("timeout request"), 1);
  });
}

TEST(RequestLimit, ADisconnectMakesRoomInTheQueue) {
  Virtually([](const Context& ctx) {
    int begun = 0;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      ++begun;
      return Work(w, r);
    }, Room(1, 1));
    Client first = site.Connect();
    Client leaves = site.Connect();
    Client third = site.Connect();
    Ask(first, "/2");
    Ask(leaves, "/2");
    (void)Sleep(ctx, milliseconds(1));
    leaves.raw().Close();
    (void)Sleep(ctx, milliseconds(1));

    EXPECT_EQ(third.Get("/1").body, "/1");
    EXPECT_EQ(begun, 2);
  });
}

TEST(RequestLimit, LongLivedRequestsDoNotCount) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/feed") {
        r.LongLived();
        if (Error err = Sleep(r.Ctx(), hours(1))) return err;
      }
      return w.Write(r.Target());
    }, Room(1, 1));
    std::vector<Client> feeds;
    for (int i = 0; i < 5; ++i) {
      feeds.push_back(site.Connect());
      Ask(feeds.back(), "/feed");
    }
    const TimePoint begin = Now();

    Client client = site.Connect();
    EXPECT_EQ(client.Get("/1").body, "/1");
    EXPECT_EQ(Now(), begin);
    for (Client& feed : feeds) EXPECT_EQ(feed.ReadResponse().body, "/feed");
  });
}

TEST(RequestLimit, NoSlotIsEverLost) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/abort") w.Abort();
      if (r.Path() == "/long") r.LongLived();
      if (r.Path() == "/throw") throw 1;
      return Sleep(r.Ctx(), milliseconds(10));
    }, Room(2, 5));
    for (int round = 0; round < 20; ++round) {
      std::vector<Client> clients;
      for (const char* target : {"/abort", "/long", "/throw", "/ok", "/gone", "/gone"}) {
        clients.push_back(site.Connect());
        Ask(clients.back(), target);
      }
      (void)Sleep(ctx, milliseconds(round % 12));
      clients[4].raw().Close();
      clients[5].raw().CloseSend();
      clients[0].raw().Reset();
      (void)Sleep(ctx, milliseconds(100));
    }
    const TimePoint begin = Now();

    // Two at a time, as ever.
    std::vector<Client> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(site.Connect());
      Ask(clients.back(), "/ok");
    }
    for (Client& client : clients) EXPECT_EQ(client.ReadResponse().status, 200);

    EXPECT_EQ(Now() - begin, milliseconds(20));
  });
}

TEST(RequestLimit, QueuedRequestsAreServedInTheDrain) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Work, Room(1, 5));
    Client first = site.Connect();
    Client second = site.Connect();
    Ask(first, "/2");
    Ask(second, "/2");
    (void)Sleep(ctx, milliseconds(1));

    site.server().BeginDrain();

    EXPECT_EQ(first.ReadResponse().body, "/2");
    const TestResponse response = second.ReadResponse();
    EXPECT_EQ(response.body, "/2");
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_FALSE(site.Stop());
  });
}

TEST(RequestLimit, QueuedRequestsGet503WhenTheDrainTimeoutExpires) {
  Virtually([](const Context& ctx) {
    ServerOptions options = Room(1, 5);
    options.drain_timeout = seconds(3);
    int begun = 0;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      ++begun;
      return Sleep(r.Ctx(), seconds(50));
    }, options);
    Client first = site.Connect();
    Client second = site.Connect();
    Ask(first, "/1");
    Ask(second, "/2");
    (void)Sleep(ctx, milliseconds(1));
    const TimePoint begin = Now();

    site.server().BeginDrain();

    EXPECT_EQ(first.ReadResponse().status, 503);
    EXPECT_EQ(second.ReadResponse().status, 503);
    EXPECT_EQ(Now() - begin, seconds(3));
    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(begun, 1);
  });
}

}  // namespace
}  // namespace weft
