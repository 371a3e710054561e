// SPDX-License-Identifier: Apache-2.0
//
// The end of a connection whose client still sends: it comes to read its response.
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kTooLargeBody = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000000\r\n\r\n";

Error ReadAll(ResponseWriter& w, Request& r) {
  const Result<std::string> body = r.Body().ReadAll();
  if (Error err = body.Err()) return err;
  return w.Write("read");
}

TEST(Linger, LastsWhileTheClientSendsButNotForever) {
  Virtually([](const Context& ctx) {
    Site site(ctx, &ReadAll);
    Client client = site.Connect();
    client.Send(kTooLargeBody);
    EXPECT_EQ(client.ReadResponse().status, 413);
    const TimePoint begin = Now();

    while (!client.raw().Send(ctx, "more")) (void)Sleep(ctx, seconds(3));

    EXPECT_GE(Now() - begin, seconds(30));
    EXPECT_LE(Now() - begin, seconds(36));
  });
}

TEST(Linger, EndsWhenNothingComesForFiveSeconds) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.connections_max = 1;
    Site site(ctx, &ReadAll, options);
    Client client = site.Connect();
    client.Send(kTooLargeBody);
    EXPECT_EQ(client.ReadResponse().status, 413);
    (void)Sleep(ctx, seconds(4));
    client.Send("still here");
    (void)Sleep(ctx, milliseconds(4900));
    client.Send("and still");
    (void)Sleep(ctx, milliseconds(5100));

    EXPECT_TRUE(client.raw().Send(ctx, "too late"));
  });
}

TEST(Linger, ThrowsAwaySixtyFourMebibytesAtMost) {
  Virtually([](const Context& ctx) {
    Site site(ctx, &ReadAll);
    Client client = site.Connect();
    client.Send(kTooLargeBody);
    EXPECT_EQ(client.ReadResponse().status, 413);
    const std::string piece = Pattern(1024 * 1024);
    std::size_t sent = 0;

    while (sent < 200 && !client.raw().Send(ctx, piece)) ++sent;

    EXPECT_GE(sent, 63U);
    EXPECT_LE(sent, 70U);  // what the socket holds comes on top
  });
}

TEST(Linger, IsTakenInTurnsWithOthers) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) { return r.Method() == "POST" ? ReadAll(w, r) : w.Write("served"); });
    Client sender = site.Connect();
    Client other = site.Connect();
    sender.Send(kTooLargeBody);
    EXPECT_EQ(sender.ReadResponse().status, 413);

    const std::string piece = Pattern(256 * 1024);
    for (int i = 0; i < 20; ++i) {
      sender.Send(piece);
      EXPECT_EQ(other.Get("/").body, "served");
    }
  });
}

TEST(Linger, OfADrainLastsASecond) {
  for (const bool before : {false, true}) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, &ReadAll);
      Client client = site.Connect();
      client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000000\r\n");
      (void)Sleep(ctx, milliseconds(1));
      if (before) client.Send("\r\n"), (void)Sleep(ctx, milliseconds(1));
      const TimePoint begin = Now();
      site.server().BeginDrain();
      (void)Sleep(ctx, milliseconds(1));
      if (!before) client.Send("\r\n");
      EXPECT_EQ(client.ReadResponse().status, 413);
      while (!client.raw().Send(ctx, "more")) (void)Sleep(ctx, milliseconds(100));

      EXPECT_FALSE(site.Stop());
      EXPECT_GE(Now() - begin, seconds(1));
      EXPECT_LE(Now() - begin, milliseconds(1200));
    });
  }
}

TEST(Linger, MakesRoomForNewClientsFirst) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.connections_max = 2;
    Site site(ctx, [](ResponseWriter& w, Request& r) { return r.Method() == "POST" ? ReadAll(w, r) : w.Write("served"); }, options);
    Client idle = site.Connect();
    idle.Get("/");
    (void)Sleep(ctx, seconds(1));
    Client lingers = site.Connect();
    lingers.Send(kTooLargeBody);
    EXPECT_EQ(lingers.ReadResponse().status, 413);

    EXPECT_EQ(site.Connect().Get("/").body, "served");
    EXPECT_EQ(idle.Get("/").body, "served");
    EXPECT_TRUE(lingers.raw().Send(ctx, "more"));
  });
}

}  // namespace
}  // namespace weft
