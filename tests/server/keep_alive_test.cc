// SPDX-License-Identifier: Apache-2.0
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

TEST(KeepAlive, ServesManyRequestsOnOneConnection) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();

    for (int i = 0; i < 40; ++i) {
      const TestResponse response = client.Get("/" + std::to_string(i));
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body, "/" + std::to_string(i));
      EXPECT_FALSE(response.Has("Connection"));
    }
  });
}

TEST(KeepAlive, AConnectionLivesOnAsTheRulesOfItsVersionSay) {
  struct Row {
    const char* request;
    const char* connection;  // of the response
    bool lives;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close", false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", "close", false},
      {"GET / HTTP/1.0\r\n\r\n", "close", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "close", false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.request);
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("hi"));
      Client client = site.Connect();

      client.Send(row.request);
      const TestResponse response = client.ReadResponse();
      EXPECT_EQ(response.body, "hi");
      EXPECT_EQ(response.Header("Connection"), row.connection);
      EXPECT_EQ(client.SilentFor(seconds(1)), row.lives);
    });
  }
}

TEST(KeepAlive, AHandlerEndsTheConnectionByItsOwnField) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) { w.Header().Set("Connection", "close"); });
    Client client = site.Connect();

    EXPECT_EQ(client.Get("/").Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
  });
}

TEST(KeepAlive, TheLastRequestThatIsAllowedSaysSo) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.requests_per_connection_max = 3;
    Site site(ctx, Tell, options);
    Client client = site.Connect();

    EXPECT_FALSE(client.Get("/1").Has("Connection"));
    EXPECT_FALSE(client.Get("/2").Has("Connection"));
    EXPECT_EQ(client.Get("/3").Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
    EXPECT_THAT(site.Events(), ::testing::Contains("limit requests per connection 3"));
  });
}

TEST(KeepAlive, ARequestIsTheSameHoweverItsBytesCome) {
  const std::string request = "\r\nGET /where?x=1 HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
  Virtually([&](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();

    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
      client.Send(std::string_view(request).substr(0, cut));
      EXPECT_TRUE(cut == request.size() || client.SilentFor(std::chrono::milliseconds(1)));
      client.Send(std::string_view(request).substr(cut));
      EXPECT_EQ(client.ReadResponse().body, "/where?x=1") << "cut at " << cut;
    }
    for (const char c : request) {
      client.Send({&c, 1});
      (void)Sleep(ctx, std::chrono::milliseconds(1));
    }
    EXPECT_EQ(client.ReadResponse().body, "/where?x=1");
  });
}

TEST(KeepAlive, EmptyLinesBeforeARequestLeaveTheConnectionIdle) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();
    EXPECT_EQ(client.Get("/1").status, 200);

    client.Send("\r\n");
    (void)Sleep(ctx, seconds(60));  // beyond the time for a head, below the one for idleness

    EXPECT_EQ(client.Get("/2").status, 200);
  });
}

TEST(KeepAlive, AHeadLargerThanTheBufferOfTheLoopIsRead) {
  const std::string value(200'000, 'v');
  Virtually([&](const Context& ctx) {
    ServerOptions options;
    options.head_bytes_max = 1024 * 1024;
    Site site(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Header().Get("Long")); }, options);
    Client client = site.Connect();

    EXPECT_EQ(client.Get("/", "Long: " + value + "\r\n").body, value);
    EXPECT_EQ(client.Get("/", "Long: short\r\n").body, "short");
  });
}

}  // namespace
}  // namespace weft
