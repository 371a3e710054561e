// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Post(std::size_t size) {
  return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

TEST(UnreadBody, IsDiscardedIfItIsSmallAndTheConnectionLivesOn) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("no need"));
    Client client = site.Connect();

    for (const std::size_t size : {1u, 5000u, 100'000u, 256u * 1024}) {
      const TestResponse response = client.Post("/", Pattern(size));
      EXPECT_EQ(response.body, "no need");
      EXPECT_FALSE(response.Has("Connection"));
    }
  });
}

TEST(UnreadBody, DoesNotDelayItsResponse) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("no need"));
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(Post(1000) + "some");
    EXPECT_EQ(client.ReadResponse().body, "no need");
    EXPECT_EQ(Now(), begin);
    client.Send(Pattern(996) + std::string(kGet));

    EXPECT_EQ(client.ReadResponse().body, "no need");
  });
}

TEST(UnreadBody, MayBeReadWhileTheHandlerResponds) {
  const std::string body = Pattern(1'000'000);
  Virtually([&](const Context& ctx) {
    Site site(ctx, Echo);
    Client client = site.Connect();

    for (int i = 0; i < 3; ++i) {
      Group group(ctx);  // a client that sends and reads at the same time
      group.Go([&](const Context& c) { return client.raw().Send(c, Post(body.size()) + body); });
      const TestResponse response = client.ReadResponse();
      EXPECT_FALSE(response.Has("Connection"));
      EXPECT_TRUE(response.body == body);
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST(UnreadBody, EndsTheConnectionIfTheHandlerReadSomeWhileItResponded) {
  const std::string text = Pattern(100'000);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      char some[100];
      if (Error err = r.Body().Read(some).Err()) return err;
      return w.Write(text);
    });
    Client client = site.Connect();

    const Error sent = client.raw().Send(ctx, Post(900'000) + Pattern(900'000));

    EXPECT_FALSE(sent) << sent.Message();
    EXPECT_TRUE(client.ReadResponse().body == text);
    EXPECT_TRUE(client.Ended());
  });
}

TEST(UnreadBody, EndsTheConnectionAfterItsResponseIfItIsLarge) {
  const std::string body = Pattern(20'000'000);
  Virtually([&](const Context& ctx) {
    Site site(ctx, Say("too much"));
    Client client = site.Connect();

    // A client that says all that it has to say before it looks at the response.
    const Error sent = client.raw().Send(ctx, Post(body.size()) + body);
    const TestResponse response = client.ReadResponse();

    EXPECT_FALSE(sent) << sent.Message();
    EXPECT_EQ(response.body, "too much");
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
  });
}

TEST(UnreadBody, EndsTheConnectionIfItsChunksGetTooLong) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("no need"));
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(client.ReadResponse().body, "no need");
    const Error sent = client.raw().Send(ctx, Chunked(Pattern(10'000'000), 1000) + std::string(kGet));

    EXPECT_FALSE(sent) << sent.Message();
    EXPECT_TRUE(client.Ended());
  });
}

TEST(UnreadBody, EndsTheConnectionSoonIfItDoesNotCome) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("no need"));
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(Post(1000) + "some");
    EXPECT_EQ(client.ReadResponse().body, "no need");
    EXPECT_TRUE(client.Ended());

    EXPECT_EQ(Now() - begin, seconds(1));
  });
}

// Byte by byte, each well within the time for one read.
TEST(UnreadBody, EndsTheConnectionSoonIfItTrickles) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("no need"));
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(Post(1000));
    EXPECT_EQ(client.ReadResponse().body, "no need");
    EXPECT_TRUE(client.SilentFor(milliseconds(100)));
    for (int i = 0; i < 90; ++i) {
      (void)Sleep(ctx, milliseconds(10));
      client.Send("x");
    }
    EXPECT_TRUE(client.Ended());

    EXPECT_EQ(Now() - begin, seconds(1));
  });
}

TEST(UnreadBody, DoesNotKeepADrainWaiting) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("no need"));
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(Post(1000) + "some");
    EXPECT_EQ(client.ReadResponse().body, "no need");

    EXPECT_FALSE(site.Stop());
    EXPECT_LE(Now() - begin, seconds(2));  // the last for the client to close its side
  });
}

TEST(UnreadBody, GivesUpAClientThatNeverStopsSending) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("no need"));
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(Post(1'000'000));
    EXPECT_EQ(client.ReadResponse().body, "no need");
    EXPECT_TRUE(client.Ended());
    // It goes on sending although nobody listens.
    while (!client.raw().Send(ctx, "x")) (void)Sleep(ctx, milliseconds(10));

    EXPECT_EQ(Now() - begin, seconds(30));
  });
}

}  // namespace
}  // namespace weft
