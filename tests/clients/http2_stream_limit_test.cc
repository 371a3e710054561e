// SPDX-License-Identifier: Apache-2.0
//
// The client over HTTP/2 where a server takes few streams at once (RFC 9113 section 5.1.2): there is a second connection, and then requests
// wait for a stream, in order.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/semaphore.h>
#include <weft/net/tls.h>
#include <weft/server/testing.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_http2_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

std::string Whole(std::uint32_t stream) { return ResponseOf(stream, "200") + h2::Data(stream, "text", true); }

// Until so many requests wait for something.
void AwaitWaiting(const HttpClient& client, std::uint64_t count) {
  while (client.Stats().waiting != count) Yield();
}

// A server with one stream a connection, whose handler holds each request until the test lets one go.
struct Narrow {
  explicit Narrow(const Context& ctx, HttpClientOptions options = {})
      : server(ctx, [this](ResponseWriter& w, Request& r) -> Error {
          seen.emplace_back(r.Path());
          if (Error err = permits.Acquire(r.Ctx())) return err;
          return w.Write("text");
        }, Secure()), client(Trusting(std::move(options))) {
    EXPECT_TRUE(permits.TryAcquire(kMost));
  }
  ServerOptions Secure() const {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.tls = tls;
    options.streams_per_connection_max = 1;
    return options;
  }
  HttpClientOptions Trusting(HttpClientOptions options) const {
    options.http2 = true;
    options.tls.ca_pem = tls.Certificates()[0].pem;
    return options;
  }
  std::string Url(std::string_view target = "/") const { return server.Bound() + std::string(target); }
  void AwaitSeen(std::size_t count) const {
    while (seen.size() < count) Yield();
  }

  static constexpr std::int64_t kMost = 1000;

  const Tls tls = *Tls::SelfSigned({"127.0.0.1"});
  std::vector<std::string> seen;
  Semaphore permits{kMost};  // none to begin with
  TestServer server;
  HttpClient client;
};

TEST(Http2StreamLimit, ThereAreTwoConnectionsAndTheOthersWaitInOrder) {
  OnLoops(1, [](const Context& ctx) {
    Narrow site(ctx);
    Group group(ctx);
    for (int i = 0; i < 12; ++i) {
      group.Go("request", [&, i](const Context& c) { EXPECT_EQ(*GetAll(c, site.client, site.Url("/" + std::to_string(i))), "text"); });
    }
    site.AwaitSeen(2);
    AwaitWaiting(site.client, 10);
    for (std::size_t i = 2; i < 12; ++i) {
      EXPECT_EQ(site.seen.size(), i);
      site.permits.Release();
      site.AwaitSeen(i + 1);
      EXPECT_EQ(site.seen[i], "/" + std::to_string(i));
    }
    site.permits.Release(2);
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(site.client.Stats().opened, 2u);
    EXPECT_EQ(site.client.Stats().waiting, 0u);
    EXPECT_EQ(site.client.Stats().waited, 10u);
  });
}

TEST(Http2StreamLimit, AContextEndsTheWait) {
  OnLoops(1, [](const Context& ctx) {
    Narrow site(ctx);
    Group group(ctx);
    for (int i = 0; i < 2; ++i) group.Go("request", [&](const Context& c) { EXPECT_EQ(*GetAll(c, site.client, site.Url()), "text"); });
    site.AwaitSeen(2);
    const CancelScope scope = WithCancel(ctx);
    group.Go("canceled", [&](const Context&) { EXPECT_TRUE(site.client.Get(scope.ctx, site.Url("/canceled")).Err().Is(kCanceled)); });
    AwaitWaiting(site.client, 1);
    group.Go("behind it", [&](const Context& c) { EXPECT_EQ(*GetAll(c, site.client, site.Url("/behind")), "text"); });
    AwaitWaiting(site.client, 2);
    scope.cancel();
    AwaitWaiting(site.client, 1);
    site.permits.Release(3);
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(site.seen, (std::vector<std::string>{"/", "/", "/behind"}));
  });
}

TEST(Http2StreamLimit, TheTimeOfAResponseEndsTheWait) {
  OnLoops(1, [](const Context& ctx) {
    Narrow site(ctx);
    Group group(ctx);
    for (int i = 0; i < 2; ++i) group.Go("request", [&](const Context& c) { EXPECT_EQ(*GetAll(c, site.client, site.Url()), "text"); });
    site.AwaitSeen(2);
    ClientRequest request("POST", site.Url());
    request.ResponseTimeout(1ms);
    ExpectFailure(site.client.Do(ctx, request).Err(), ClientFailure::kBusy, false);
    site.permits.Release(2);
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(site.seen.size(), 2u);
  });
}

// Event streams through a proxy: nobody can wait for their end.
TEST(Http2StreamLimit, ResponsesWithoutAnEndHaveConnectionsOfTheirOwn) {
  OnLoops(1, [](const Context& ctx) {
    Narrow site(ctx);
    std::vector<ClientResponse> endless;
    for (int i = 0; i < 6; ++i) {
      site.permits.Release();
      Result<ClientResponse> response = site.client.Get(ctx, site.Url());
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      endless.push_back(*std::move(response));  // unread: its stream stays
      ClientResponseAccess::LeaveLimits(endless.back());
    }
    site.permits.Release();
    EXPECT_EQ(*GetAll(ctx, site.client, site.Url("/short")), "text");
    EXPECT_EQ(site.client.Stats().opened, 7u);
    // One that becomes endless while others wait makes room, too.
    site.permits.Release(2);
    Result<ClientResponse> last[] = {site.client.Get(ctx, site.Url()), site.client.Get(ctx, site.Url())};
    ASSERT_TRUE(last[0].Ok() && last[1].Ok());
    Group group(ctx);
    group.Go("waits", [&](const Context& c) { EXPECT_EQ(*GetAll(c, site.client, site.Url("/waits")), "text"); });
    AwaitWaiting(site.client, 1);
    ClientResponseAccess::LeaveLimits(*last[0]);
    site.permits.Release();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Http2StreamLimit, FollowsALimitThatTheServerRaisesLater) {
  OnLoops(1, [](const Context& ctx) {
    Event more, all_here;
    int streams = 0;
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
      if (!peer.Begin(h2::Settings({{3, 1}}))) return;
      std::vector<std::uint32_t> held{peer.Request()};
      if (held[0] == 0 || more.Wait(ctx)) return;
      peer.Send(h2::Settings({{3, 3}}));
      for (; held.size() < 3; ++streams) held.push_back(peer.Request());
      if (streams == 4) all_here.Set();
      if (all_here.Wait(ctx)) return;
      for (const std::uint32_t stream : held) peer.Send(Whole(stream));
      peer.Rest();
    });
    HttpClient client(server.Options());
    Group group(ctx);
    for (int i = 0; i < 6; ++i) group.Go("request", [&](const Context& c) { EXPECT_EQ(*GetAll(c, client, server.Url()), "text"); });
    AwaitWaiting(client, 4);
    more.Set();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(server.Connections(), 2);
    EXPECT_EQ(streams, 4);
  });
}

// Those that wait for a stream of a connection that ends go to the next one.
TEST(Http2StreamLimit, WaitersGoOnWhenAConnectionEnds) {
  for (const bool by_goaway : {true, false}) {
    OnLoops(1, [&](const Context& ctx) {
      Event end;
      RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int connection) {
        if (!peer.Begin(h2::Settings({{3, 1}}))) return;
        while (const std::uint32_t stream = peer.Request()) {
          if (connection < 2 && end.Wait(ctx)) return;
          if (connection < 2 && !by_goaway) return;
          peer.Send(Whole(stream));
          if (connection >= 2) continue;
          std::string last = h2::Frame(h2::frame_type::kGoAway, 0, 0, std::string("\0\0\0\1\0\0\0\0", 8));
          peer.Send(last);
          return peer.Rest();
        }
      });
      HttpClient client(server.Options());
      int failed = 0;
      Group group(ctx);
      for (int i = 0; i < 10; ++i) {
        group.Go("request", [&](const Context& c) {
          const Result<std::string> text = GetAll(c, client, server.Url());
          failed += !text.Ok();
        });
      }
      AwaitWaiting(client, 8);
      end.Set();
      EXPECT_FALSE(group.Wait());
      EXPECT_EQ(failed, by_goaway ? 0 : 2);
      EXPECT_LE(server.Connections(), 4);
    });
  }
}

}  // namespace
}  // namespace weft
