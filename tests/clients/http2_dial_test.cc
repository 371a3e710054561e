// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 over connections that the program dials, and in a TestNetwork on virtual time.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/net/dial.h>
#include <weft/net/tls.h>
#include <weft/server/test_network.h>

#include "../kit/run.h"
#include "http_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr const char* kUsersUrl = "https://users.internal";

Error EchoWithPath(ResponseWriter& w, Request& r) {
  const Result<std::string> body = r.Body().ReadAll();
  if (Error err = body.Err()) return err;
  w.Header().Set("X-Version", std::to_string(r.Version().first));
  return w.Write(std::string(r.Path()) + *body);
}

Result<std::string> GetAllOverHttp2(const Context& ctx, HttpClient& client, const std::string& url) {
  Result<ClientResponse> response = client.Get(ctx, url);
  if (Error err = response.Err()) return err;
  EXPECT_EQ(response->Version(), std::pair(2, 0));
  return response->ReadAll(ctx);
}

TEST(Http2Dial, OverASocket) {
  OnLoops(1, [](const Context& ctx) {
    const Tls tls = *Tls::SelfSigned({"users.internal"});
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.tls = tls;
    TestServer server(ctx, &EchoWithPath, options);
    HttpClientOptions of_client;
    of_client.http2 = true;
    of_client.tls.ca_pem = tls.Certificates()[0].pem;
    of_client.dial = [at = server.Bound().substr(8)](const Context& c, const DialTarget& target) {
      EXPECT_EQ(target.host, "users.internal");
      return Dial(c, at);
    };
    HttpClient client(of_client);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(*GetAllOverHttp2(ctx, client, std::string(kUsersUrl) + "/a"), "/a");
    EXPECT_EQ(client.Stats().opened, 1u);
  });
}

TEST(Http2Dial, UsesHttp1OverAStreamThatIsNoSocket) {
  Virtually([](const Context& ctx) {
    TestNetwork network(ctx);
    network.Serve(kUsersUrl, &EchoWithPath);
    HttpClientOptions options = network.ClientOptions();
    options.http2 = true;
    HttpClient client(options);
    Result<ClientResponse> response = client.Post(ctx, kUsersUrl, "text/plain", "text");
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->Version(), std::pair(1, 1));
    EXPECT_EQ(*response->ReadAll(ctx), "/text");
  });
}

TEST(Http2Dial, ATestNetworkOnVirtualTime) {
  Virtually([](const Context& ctx) {
    TestNetwork network(ctx);
    network.Serve(kUsersUrl, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), 10s)) return err;
      return EchoWithPath(w, r);
    });
    HttpClient client(network.Http2ClientOptions());
    const TimePoint begin = Now();
    Group group(ctx);
    for (int i = 0; i < 20; ++i) {
      group.Go("request", [&](const Context& c) {
        const std::string large(100'000, 'x');
        Result<ClientResponse> response = client.Post(c, std::string(kUsersUrl) + "/a", "text/plain", large);
        ASSERT_TRUE(response.Ok()) << response.Err().Message();
        EXPECT_EQ(response->Header().Get("X-Version"), "2");
        EXPECT_EQ(*response->ReadAll(c), "/a" + large);
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(Now() - begin, 10s);
    EXPECT_EQ(client.Stats().opened, 1u);
  });
}

// A response before the request was sent to its end (RFC 9113 section 8.1): nothing waits for a limit, and while nobody reads the response
// the connection is there for others.
TEST(Http2Dial, AnEarlyResponseTakesNoTime) {
  Virtually([](const Context& ctx) {
    TestNetwork network(ctx);
    network.Serve(kUsersUrl, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() != "/early") return EchoWithPath(w, r);
      w.WriteHeader(413);
      return w.Write(std::string(100'000, 'n'));
    });
    HttpClient client(network.Http2ClientOptions());
    const TimePoint begin = Now();
    for (const bool streamed : {false, true}) {
      ClientRequest request("POST", std::string(kUsersUrl) + "/early");
      PiecesBody pieces(std::vector<std::string>(80, std::string(100'000, 'x')));
      if (streamed) {
        request.SetBody(pieces);
      } else {
        request.SetBody(std::string(8'000'000, 'x'));
      }
      Result<ClientResponse> early = client.Do(ctx, request);
      ASSERT_TRUE(early.Ok()) << early.Err().Message();
      EXPECT_EQ(early->Version(), std::pair(2, 0));
      EXPECT_EQ(early->Status(), 413);
      const std::string large(900'000, 'y');
      Result<ClientResponse> other = client.Post(ctx, kUsersUrl, "text/plain", large);
      ASSERT_TRUE(other.Ok()) << other.Err().Message();
      EXPECT_TRUE(*other->ReadAll(ctx) == "/" + large);
      EXPECT_EQ(early->ReadAll(ctx)->size(), 100'000u);
    }
    EXPECT_EQ(Now(), begin);
    EXPECT_EQ(client.Stats().opened, 1u);
  });
}

// A server that responds while it reads gets no more of a request of Do once it has begun: what comes of that says so.
TEST(Http2Dial, AResponseToHalfARequestSaysWhyItStalls) {
  for (const bool http2 : {false, true}) {
    Virtually([http2](const Context& ctx) {
      TestNetwork network(ctx);
      network.Serve(kUsersUrl, EchoWhileReading);
      HttpClientOptions options = http2 ? network.Http2ClientOptions() : network.ClientOptions();
      options.stall_timeout = 5s;
      HttpClient client(options);
      Result<ClientResponse> response = client.Post(ctx, kUsersUrl, "text/plain", std::string(800'000, 'x'));
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      const TimePoint begin = Now();
      const Error err = response->ReadAll(ctx).Err();
      ExpectFailure(err, ClientFailure::kStalled, true);
      EXPECT_NE(err.Message().find("HttpClient::Open"), std::string::npos) << err.Message();
      EXPECT_EQ(Now() - begin, 5s);
    });
  }
}

// Whoever uses Open already is not sent there.
TEST(Http2Dial, AnEarlyResponseSaysNothingOfTheRequestsEnd) {
  for (const bool http2 : {false, true}) {
    Virtually([http2](const Context& ctx) {
      TestNetwork network(ctx);
      network.Serve(kUsersUrl, EchoWhileReading);
      HttpClientOptions options = http2 ? network.Http2ClientOptions() : network.ClientOptions();
      options.stall_timeout = 5s;
      HttpClient client(options);
      Result<ClientExchange> exchange = client.Open(ctx, ClientRequest("POST", kUsersUrl));
      ASSERT_TRUE(exchange.Ok()) << exchange.Err().Message();
      EXPECT_FALSE(exchange->Write(ctx, "half"));
      Result<ClientResponse> response = exchange->Head(ctx);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      const Error err = response->ReadAll(ctx).Err();
      ExpectFailure(err, ClientFailure::kStalled, true);
      EXPECT_EQ(err.Message().find("HttpClient::Open"), std::string::npos) << err.Message();
    });
  }
}

TEST(Http2Dial, ATestNetworkThatDelays) {
  Virtually([](const Context& ctx) {
    TestNetwork network(ctx);
    network.Serve(kUsersUrl, &EchoWithPath);
    HttpClient client(network.Http2ClientOptions());
    EXPECT_TRUE(GetAllOverHttp2(ctx, client, kUsersUrl).Ok());
    network.Delay(kUsersUrl, 3s);
    const TimePoint begin = Now();
    EXPECT_TRUE(GetAllOverHttp2(ctx, client, kUsersUrl).Ok());
    EXPECT_EQ(Now() - begin, 3s);
  });
}

// RFC 9113 section 6.7: a dead connection is found by a PING, in no time.
TEST(Http2Dial, ATestNetworkThatStalls) {
  Virtually([](const Context& ctx) {
    TestNetwork network(ctx);
    network.Serve(kUsersUrl, &EchoWithPath);
    HttpClientOptions options = network.Http2ClientOptions();
    options.response_timeout = kUnlimited;
    HttpClient client(options);
    EXPECT_TRUE(GetAllOverHttp2(ctx, client, kUsersUrl).Ok());
    network.Stall(kUsersUrl);
    const TimePoint begin = Now();
    ExpectFailure(client.Get(ctx, kUsersUrl).Err(), ClientFailure::kStalled, true);
    EXPECT_EQ(Now() - begin, 30s);
    network.Heal(kUsersUrl);
    EXPECT_TRUE(GetAllOverHttp2(ctx, client, kUsersUrl).Ok());
  });
}

TEST(Http2Dial, ATestNetworkThatBreaks) {
  Virtually([](const Context& ctx) {
    TestNetwork network(ctx);
    network.Serve(kUsersUrl, &EchoWithPath);
    HttpClient client(network.Http2ClientOptions());
    EXPECT_TRUE(GetAllOverHttp2(ctx, client, kUsersUrl).Ok());
    network.Refuse(kUsersUrl);
    ExpectFailure(client.Get(ctx, kUsersUrl).Err(), ClientFailure::kRefused, false);
    network.Heal(kUsersUrl);
    EXPECT_TRUE(GetAllOverHttp2(ctx, client, kUsersUrl).Ok());
    network.Reset(kUsersUrl, 10);
    EXPECT_NE(client.Get(ctx, kUsersUrl).Err().As<ClientFailure>(), nullptr);
    network.Heal(kUsersUrl);
    EXPECT_TRUE(GetAllOverHttp2(ctx, client, kUsersUrl).Ok());
  });
}

}  // namespace
}  // namespace weft
