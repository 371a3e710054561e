// SPDX-License-Identifier: Apache-2.0
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What the client sees at the end, and when.
struct End {
  std::string bytes;
  Duration after;
};

End WaitForEnd(Client& client) {
  const TimePoint begin = Now();
  std::string bytes = client.ToEnd();
  return {std::move(bytes), Now() - begin};
}

TEST(Timeouts, ClosesASilentConnectionSilently) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();

    const End end = WaitForEnd(client);

    EXPECT_EQ(end.bytes, "");
    EXPECT_EQ(end.after, seconds(10));
    EXPECT_THAT(site.Events(), ::testing::Contains("timeout header"));
  });
}

TEST(Timeouts, TheFirstHeadHasItsTimeFromTheAccept) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();

    (void)Sleep(ctx, seconds(7));
    client.Send("GET / HTTP/1.1\r\n");
    const End end = WaitForEnd(client);

    EXPECT_THAT(end.bytes, ::testing::StartsWith("HTTP/1.1 408 "));
    EXPECT_THAT(end.bytes, ::testing::HasSubstr("Connection: close"));
    EXPECT_EQ(end.after, seconds(3));
  });
}

TEST(Timeouts, LaterHeadsHaveTheirTimeFromTheFirstByte) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();
    client.Get("/");

    (void)Sleep(ctx, seconds(50));
    client.Send("G");
    (void)Sleep(ctx, seconds(6));
    client.Send("ET / HTTP/1.1\r\n");
    const End end = WaitForEnd(client);

    EXPECT_THAT(end.bytes, ::testing::StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(end.after, seconds(4));
  });
}

TEST(Timeouts, HalfARequestAfterACompleteOneHasItsTimeFromTheResponse) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();

    client.Send(std::string(kGet) + "GET / HT");
    client.ReadResponse();
    const End end = WaitForEnd(client);

    EXPECT_THAT(end.bytes, ::testing::StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(end.after, seconds(10));
  });
}

TEST(Timeouts, AnIdleConnectionIsClosed) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.idle_timeout = seconds(20);
    Site site(ctx, Say("x"), options);
    Client busy = site.Connect();
    Client client = site.Connect();
    busy.Get("/");
    client.Get("/");
    (void)Sleep(ctx, seconds(19));
    client.Get("/");
    busy.Get("/");

    const End end = WaitForEnd(client);

    EXPECT_EQ(end.bytes, "");
    EXPECT_EQ(end.after, seconds(20));
    EXPECT_EQ(site.Count("timeout idle"), 2);
  });
}

TEST(Timeouts, AStalledBodyGets408) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Echo);
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
    const End end = WaitForEnd(client);

    EXPECT_THAT(end.bytes, ::testing::StartsWith("HTTP/1.1 408 "));
    EXPECT_THAT(end.bytes, ::testing::HasSubstr("Connection: close"));
    EXPECT_EQ(end.after, seconds(30));
    EXPECT_EQ(site.Count("timeout body stall"), 1);
  });
}

TEST(Timeouts, AClientThatReadsNothingEndsTheWrite) {
  Virtually([](const Context& ctx) {
    Error seen;
    Error cause;
    TimePoint failed;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      while (!seen) seen = w.Write(Pattern(100'000));
      cause = r.Ctx().Cause();
      failed = Now();
      EXPECT_TRUE(w.Write("more").Is(kTimeout));
      return seen;
    });
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(kGet);
    (void)Sleep(ctx, seconds(40));

    EXPECT_TRUE(seen.Is(kTimeout)) << seen.Message();
    EXPECT_TRUE(cause.Is(kTimeout)) << cause.Message();
    EXPECT_EQ(failed - begin, seconds(30));
    EXPECT_EQ(site.Count("timeout write stall"), 1);
    EXPECT_TRUE(client.raw().ReadResponse(ctx).Err());  // never like a whole one
  });
}

TEST(Timeouts, ServesAClientThatReadsALittleNowAndThen) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.request_timeout = kUnlimited;
    Error failed;
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      for (int i = 0; i < 100 && !failed; ++i) failed = w.Write(Pattern(100'000));
      return failed;
    }, options);
    Client client = site.Connect();

    client.Send(kGet);
    std::size_t taken = 0;
    for (int i = 0; i < 2000 && !client.raw().ReadUntil(ctx, "\r\n").Err(); ++i) {
      ++taken;
      if (i % 20 == 0) (void)Sleep(ctx, seconds(29));
      if (taken == 1 + 100 * 2) break;
    }

    EXPECT_FALSE(failed) << failed.Message();
  });
}

TEST(Timeouts, CanBeTakenAway) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.header_timeout = kUnlimited;
    options.idle_timeout = kUnlimited;
    options.body_stall_timeout = kUnlimited;
    options.write_stall_timeout = kUnlimited;
    options.request_timeout = kUnlimited;
    options.probe_after = kUnlimited;
    Site site(ctx, Echo, options);
    Client client = site.Connect();
    const Duration long_time = hours(24 * 365);

    (void)Sleep(ctx, long_time);
    client.Send("POST / HTTP/1.1\r\n");
    (void)Sleep(ctx, long_time);
    client.Send("Host: h\r\nContent-Length: 4\r\n\r\nbo");
    (void)Sleep(ctx, long_time);
    client.Send("dy");
    EXPECT_EQ(client.ReadResponse().body, "body");
    (void)Sleep(ctx, long_time);

    EXPECT_EQ(client.Get("/").status, 200);
  });
}

TEST(Timeouts, ManyConnectionsExpireEachAtItsTime) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    std::vector<Client> clients;
    const TimePoint begin = Now();
    for (int i = 0; i < 50; ++i) {
      clients.push_back(site.Connect());
      if (i % 2 == 0) clients.back().Get("/");
      (void)Sleep(ctx, milliseconds(100));
    }

    for (int i = 1; i < 50; i += 2) {
      EXPECT_TRUE(clients[static_cast<std::size_t>(i)].Ended());
      EXPECT_EQ(Now() - begin, seconds(10) + milliseconds(100 * i));
    }
    for (int i = 0; i < 50; i += 2) {
      EXPECT_TRUE(clients[static_cast<std::size_t>(i)].Ended());
      EXPECT_EQ(Now() - begin, seconds(75) + milliseconds(100 * i));
    }
  });
}

}  // namespace
}  // namespace weft
