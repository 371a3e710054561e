// SPDX-License-Identifier: Apache-2.0
//
// Streams of events over the wire: drains, clients that leave, and clients that do not read.
#include <weft/handlers/live/events.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <weft/concurrency/debug.h>

#include "../kit/run.h"
#include "http2_kit.h"
#include "server_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

ServerSentEvent AsEvent(const std::string& text) { return {.data = text}; }

// Sends what is published to all; remembers what Forward has returned.
class Feed {
 public:
  explicit Feed(SubscribeOptions subscribe = {}) : subscribe_(subscribe) {}
  Handler AsHandler() {
    return [this](ResponseWriter& w, Request& r) -> Error {
      const Subscription<std::string> mine = texts.Subscribe(subscribe_);
      Result<EventStream> events = StartEvents(w, r);
      if (Error err = events.Err()) return err;
      Error outcome = events->Forward(r.Ctx(), mine, AsEvent);
      outcomes.push_back(outcome);
      return outcome;
    };
  }
  Broadcast<std::string> texts;
  std::vector<Error> outcomes;

 private:
  const SubscribeOptions subscribe_;
};

Client Subscribed(const Site& site) {
  Client client = site.Connect();
  client.Send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(client.Until("retry: 2000\n\n").find("Content-Type: text/event-stream\r\n"), std::string::npos);
  return client;
}

TEST(LiveEvents, ReachEveryClientAtOnce) {
  Virtually([](const Context& ctx) {
    Feed feed;
    Site site(ctx, feed.AsHandler());
    std::vector<Client> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(Subscribed(site));

    EXPECT_EQ(feed.texts.Publish("hello"), 100u);

    for (Client& client : clients) client.Until("data: hello\n\n");
  });
}

// What waits gives the memory of its body away, and gets another one: the bytes of one response never are another one's.
TEST(LiveEvents, StreamsThatShareMemoryKeepTheirBytesApart) {
  Virtually([](const Context& ctx) {
    std::vector<std::unique_ptr<Event>> next;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const std::string mine(r.Path().substr(1));
      next.push_back(std::make_unique<Event>());
      Event& event = *next.back();
      if (Error err = w.Write(mine)) return err;
      if (Error err = w.Flush()) return err;
      if (Error err = w.Write("[" + mine)) return err;  // waits with a part that has not left
      if (Error err = event.Wait(r.Ctx())) return err;
      if (Error err = w.Write(std::string(3000, mine[0]) + "]")) return err;
      if (Error err = w.Flush()) return err;
      return w.Write("end");
    });
    std::vector<Client> clients;
    for (int i = 0; i < 5; ++i) {
      clients.push_back(site.Connect());
      clients.back().Send("GET /" + std::string(1, static_cast<char>('a' + i)) + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      clients.back().Until("\r\n\r\n");
    }
    Settle(ctx);
    ASSERT_EQ(next.size(), 5u);
    for (auto& event : next) event->Set();
    for (int i = 0; i < 5; ++i) {
      const std::string mine(1, static_cast<char>('a' + i));
      const std::string all = clients[static_cast<std::size_t>(i)].ToEnd();
      EXPECT_EQ(all, "1\r\n" + mine + "\r\nbbb\r\n[" + mine + std::string(3000, mine[0]) + "]\r\n3\r\nend\r\n0\r\n\r\n");
    }
  });
}

TEST(LiveEvents, ADrainEndsThemInGoodOrderAndWaitsForNothing) {
  Virtually([](const Context& ctx) {
    Feed feed;
    Site site(ctx, feed.AsHandler());
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(Subscribed(site));
    const TimePoint begin = Now();
    site.server().BeginDrain();

    std::set<std::string> retries;
    for (Client& client : clients) {
      const std::string rest = client.ToEnd();
      EXPECT_NE(rest.find("retry: "), rest.npos);
      EXPECT_TRUE(rest.ends_with("0\r\n\r\n")) << rest;  // RFC 9112 section 7.1: the response is whole
      retries.insert(rest.substr(rest.find("retry: ")));
    }
    EXPECT_GT(retries.size(), 1u);
    EXPECT_FALSE(site.server().Join());
    EXPECT_LT(Now() - begin, 2s);  // of a drain_timeout of 20
    EXPECT_EQ(feed.outcomes.size(), 20u);
    for (const Error& err : feed.outcomes) EXPECT_FALSE(err) << err.Message();
    EXPECT_EQ(site.Count("failed"), 0);
    EXPECT_EQ(site.Count("aborted"), 0);
  });
}

TEST(LiveEvents, SeveralShareAConnectionOfHttp2) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Feed feed;
    Site site(ctx, feed.AsHandler(), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/events") + GetOf(3, "/events"));
    (void)Sleep(ctx, 1ms);
    EXPECT_EQ(feed.texts.Publish("hello"), 2u);
    (void)Sleep(ctx, 1ms);
    site.server().BeginDrain();
    for (const std::uint32_t stream : {1, 3}) {
      const RawHttp2::Response response = client.Await(stream);
      EXPECT_TRUE(response.ended);
      EXPECT_FALSE(response.reset);
      EXPECT_EQ(response.Header("content-type"), "text/event-stream");
      EXPECT_TRUE(response.body.starts_with("retry: 2000\n\ndata: hello\n\nretry: ")) << response.body;
    }
    EXPECT_EQ(feed.outcomes.size(), 2u);
    for (const Error& err : feed.outcomes) EXPECT_FALSE(err) << err.Message();
  });
}

TEST(LiveEvents, AResetStreamOfHttp2EndsItsFeedAlone) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Feed feed;
    Site site(ctx, feed.AsHandler(), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/events") + GetOf(3, "/events"));
    (void)Sleep(ctx, 1ms);
    client.Send(ResetOf(1));
    (void)Sleep(ctx, 1ms);
    EXPECT_EQ(feed.texts.Publish("hello"), 1u);
    ASSERT_EQ(feed.outcomes.size(), 1u);
    EXPECT_TRUE(feed.outcomes[0].Is(kClientGone)) << feed.outcomes[0].Message();
  });
}

TEST(LiveEvents, ADisconnectEndsTheStream) {
  Virtually([](const Context& ctx) {
    Feed feed;
    Site site(ctx, feed.AsHandler());
    { Client client = Subscribed(site); }
    (void)Sleep(ctx, 1ms);

    ASSERT_EQ(feed.outcomes.size(), 1u);
    EXPECT_TRUE(feed.outcomes[0].Is(kClientGone)) << feed.outcomes[0].Message();
    EXPECT_EQ(feed.texts.Subscribers(), 0u);
    EXPECT_EQ(site.Count("failed"), 0);
  });
}

TEST(LiveEvents, HeartbeatsNeedNoFiberOfTheirOwn) {
  Virtually([](const Context& ctx) {
    Feed feed;
    Site site(ctx, feed.AsHandler());
    Client client = Subscribed(site);
    const TimePoint begin = Now();
    const std::size_t fibers = ListFibers().size();
    client.Until(": \n\n");
    EXPECT_GE(Now() - begin, 12s);
    EXPECT_LE(Now() - begin, 15s);
    EXPECT_EQ(ListFibers().size(), fibers);
    client.Until(": \n\n");
  });
}

TEST(LiveEvents, AreRefusedBeyondTheLimitOfLongLivedRequests) {
  Virtually([](const Context& ctx) {
    Feed feed;
    ServerOptions options;
    options.long_lived_max = 1;
    Site site(ctx, feed.AsHandler(), options);
    Client first = Subscribed(site);
    Client second = site.Connect();

    const TestResponse response = second.Get("/events");
    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(response.Has("Retry-After"));
  });
}

// What has been published goes nowhere: 2 values wait in the subscription, and what the socket holds.
TEST(LiveEvents, GivesUpAClientThatStopsReadingAndDelaysNoOther) {
  Virtually([](const Context& ctx) {
    Feed feed({.capacity = 2, .when_full = WhenFull::kDisconnect});
    Site site(ctx, feed.AsHandler());
    Client silent = Subscribed(site);
    Client polite = Subscribed(site);
    const std::string large(100'000, 'x');
    const TimePoint begin = Now();
    for (int i = 0; i < 100; ++i) {
      feed.texts.Publish(large);
      polite.Until("\n\n");
    }
    EXPECT_EQ(Now(), begin);  // it has waited for nobody
    EXPECT_EQ(feed.texts.Subscribers(), 1u);
    (void)Sleep(ctx, 31s);

    ASSERT_EQ(feed.outcomes.size(), 1u);
    EXPECT_TRUE(feed.outcomes[0].Is(kTimeout)) << feed.outcomes[0].Message();
    EXPECT_EQ(site.Count("timeout"), 1);
  });
}

}  // namespace
}  // namespace weft
