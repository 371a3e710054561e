// SPDX-License-Identifier: Apache-2.0
//
// The client over HTTP/2, with weft's own server.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/net/tls.h>
#include <weft/server/testing.h>

#include "../kit/run.h"
#include "http_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// A server with TLS, which takes HTTP/2 unless its options say otherwise, and a client for it.
struct TlsSite {
  explicit TlsSite(const Context& ctx, Handler handler, ServerOptions options = {}, HttpClientOptions of_client = {})
      : server(ctx, std::move(handler), Secure(std::move(options))), client(Trusting(std::move(of_client))) {}
  ServerOptions Secure(ServerOptions options) const {
    options.address = "127.0.0.1:0";
    options.tls = tls;
    options.body_bytes_max = 100'000'000;
    return options;
  }
  HttpClientOptions Trusting(HttpClientOptions options) const {
    options.http2 = true;
    options.tls.ca_pem = tls.Certificates()[0].pem;
    return options;
  }
  std::string Url(std::string_view target = "/") const { return server.Bound() + std::string(target); }

  const Tls tls = *Tls::SelfSigned({"127.0.0.1"});
  TestServer server;
  HttpClient client;
};

Error Echo(ResponseWriter& w, Request& r) {
  const Result<std::string> body = r.Body().ReadAll();
  if (Error err = body.Err()) return err;
  w.Header().Set("X-Version", std::to_string(r.Version().first));
  w.Header().Set("X-Method", r.Method());
  for (const auto& [name, value] : r.Trailer()) w.Header().Add("X-Trailer", std::string(name) + "=" + std::string(value));
  return w.Write(*body);
}

void ExpectBody(const Context& ctx, Result<ClientResponse> response, std::string_view body) {
  ASSERT_TRUE(response.Ok()) << response.Err().Message();
  const Result<std::string> all = response->ReadAll(ctx);
  ASSERT_TRUE(all.Ok()) << all.Err().Message();
  EXPECT_EQ(all->size(), body.size());
  EXPECT_TRUE(*all == body);
}

TEST(Http2Client, IsOffUnlessAskedFor) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, &Echo);
    HttpClientOptions options = site.client.Options();
    options.http2 = false;
    HttpClient client(options);
    Result<ClientResponse> response = client.Get(ctx, site.Url());
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->Version(), std::pair(1, 1));
  });
}

TEST(Http2Client, TalksAndKeepsTheConnection) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, &Echo);
    for (const std::size_t size : {0u, 1u, 100'000u, 5'000'000u}) {
      const std::string text(size, 'x');
      Result<ClientResponse> response = site.client.Post(ctx, site.Url(), "text/plain", text);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Version(), std::pair(2, 0));
      EXPECT_EQ(response->Header().Get("X-Version"), "2");
      EXPECT_EQ(response->Header().Get("x-method"), "POST");
      if (size > 0) {  // else there is nothing to be read
        EXPECT_NE(response->Tls(), nullptr);
      }
      ExpectBody(ctx, std::move(response), text);
    }
    EXPECT_EQ(site.client.Stats().opened, 1u);
    EXPECT_EQ(site.client.Stats().idle, 1u);
    EXPECT_EQ(site.client.Stats().in_use, 0u);
  });
}

TEST(Http2Client, ManyFibersOfALoopShareAConnection) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, &Echo);
    Group group(ctx);
    for (int i = 0; i < 60; ++i) {
      group.Go("request", [&site, i](const Context& c) {
        for (int n = 0; n < 5; ++n) {
          const std::string text(static_cast<std::size_t>(i) * 1000, 'y');
          ExpectBody(c, site.client.Post(c, site.Url(), "text/plain", text), text);
        }
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(site.client.Stats().opened, 1u);
    EXPECT_EQ(site.client.Stats().idle, 1u);
  });
}

// RFC 9113 section 5.1.2.
TEST(Http2Client, BeyondTheStreamsOfAConnectionThereIsAnother) {
  OnLoops(1, [](const Context& ctx) {
    ServerOptions options;
    options.streams_per_connection_max = 2;
    Event all_here;
    int here = 0;
    TlsSite site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (++here == 4) all_here.Set();
      if (Error err = all_here.Wait(r.Ctx())) return err;
      return w.Write("x");
    }, options);
    Group group(ctx);
    for (int i = 0; i < 9; ++i) {
      group.Go("request", [&](const Context& c) { ExpectBody(c, site.client.Get(c, site.Url()), "x"); });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(site.client.Stats().opened, 2u);
  });
}

TEST(Http2Client, AServerWithoutItGetsHttp1) {
  OnLoops(1, [](const Context& ctx) {
    ServerOptions options;
    options.http2 = false;
    TlsSite site(ctx, &Echo, options);
    for (int i = 0; i < 3; ++i) ExpectBody(ctx, site.client.Post(ctx, site.Url(), "text/plain", "text"), "text");
    EXPECT_EQ(site.client.Stats().opened, 1u);
    Group group(ctx);
    for (int i = 0; i < 8; ++i) {
      group.Go("request", [&](const Context& c) { ExpectBody(c, site.client.Post(c, site.Url(), "text/plain", "text"), "text"); });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Http2Client, ResponsesWithoutABody) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() != "/") {
        w.WriteHeader(r.Path() == "/204" ? 204 : 304);
        return {};
      }
      w.Header().Set("Content-Length", "4");
      return w.Write("text");
    });
    for (const char* target : {"/204", "/304"}) ExpectBody(ctx, site.client.Get(ctx, site.Url(target)), "");
    Result<ClientResponse> head = site.client.Do(ctx, ClientRequest("HEAD", site.Url()));
    ASSERT_TRUE(head.Ok()) << head.Err().Message();
    EXPECT_EQ(head->Header().Get("Content-Length"), "4");
    ExpectBody(ctx, std::move(head), "");
    ExpectBody(ctx, site.client.Get(ctx, site.Url()), "text");
    EXPECT_EQ(site.client.Stats().opened, 1u);
  });
}

// RFC 9113 section 8.1: trailer sections, in both directions.
TEST(Http2Client, Trailers) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> body = r.Body().ReadAll();
      if (Error err = body.Err()) return err;
      if (Error err = w.Write(*body)) return err;
      if (Error err = w.Flush()) return err;
      w.Trailer().Set("Sum", r.Trailer().Get("Sum"));
      return {};
    });
    ClientRequest request("POST", site.Url());
    PiecesBody pieces({"a", "b", "c"});
    request.SetBody(pieces);
    request.Trailer().Set("Sum", "3");
    Result<ClientResponse> response = site.client.Do(ctx, request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(*response->ReadAll(ctx), "abc");
    EXPECT_EQ(response->Trailer().Get("Sum"), "3");
  });
}

TEST(Http2Client, AsksBeforeItSendsABody) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() != "/no") return Echo(w, r);
      w.WriteHeader(413);
      return {};
    });
    for (const char* target : {"/", "/no"}) {
      ClientRequest request("POST", site.Url(target));
      request.SetBody(std::string(100'000, 'x'));
      request.ExpectContinue(1h);
      Result<ClientResponse> response = site.client.Do(ctx, request);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Status(), target == std::string_view("/") ? 200 : 413);
    }
    EXPECT_EQ(site.client.Stats().opened, 1u);
  });
}

// A response before the whole request was sent (RFC 9113 section 8.1).
TEST(Http2Client, AnEarlyResponseEndsTheUpload) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, [](ResponseWriter& w, Request&) -> Error {
      w.WriteHeader(413);
      return {};
    });
    ClientRequest request("POST", site.Url());
    std::vector<std::string> many(1000, std::string(16'000, 'x'));
    PiecesBody pieces(many);
    request.SetBody(pieces);
    Result<ClientResponse> response = site.client.Do(ctx, request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->Status(), 413);
    response = Error::New("gone");
    EXPECT_EQ(site.client.Get(ctx, site.Url())->Status(), 413);
    EXPECT_EQ(site.client.Stats().opened, 1u);
  });
}

TEST(Http2Client, BothDirectionsAtOnce) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, EchoWhileReading);
    Result<ClientExchange> exchange = site.client.Open(ctx, ClientRequest("POST", site.Url()));
    ASSERT_TRUE(exchange.Ok()) << exchange.Err().Message();
    ASSERT_FALSE(exchange->Write(ctx, "first"));
    Result<ClientResponse> response = exchange->Head(ctx);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    std::array<char, 100> piece;
    for (const std::string text : {"first", "second", "third"}) {
      if (text != "first") {
        ASSERT_FALSE(exchange->Write(ctx, text));
      }
      const Result<std::size_t> got = response->Read(ctx, piece);
      ASSERT_TRUE(got.Ok()) << got.Err().Message();
      EXPECT_EQ(std::string_view(piece.data(), *got), text);
    }
    ASSERT_FALSE(exchange->CloseWrite(ctx));
    EXPECT_EQ(*response->Read(ctx, piece), 0u);
  });
}

// RFC 9113 section 5.2: a response that nobody reads stops at its window, and no other one with it.
TEST(Http2Client, ASlowReaderBlocksNobodyElse) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, [](ResponseWriter& w, Request&) -> Error { return w.Write(std::string(3'000'000, 'x')); });
    std::vector<ClientResponse> unread;
    for (int i = 0; i < 20; ++i) {
      Result<ClientResponse> response = site.client.Get(ctx, site.Url("/big"));
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      unread.push_back(*std::move(response));
    }
    for (int i = 0; i < 3; ++i) ExpectBody(ctx, site.client.Get(ctx, site.Url("/small")), std::string(3'000'000, 'x'));
    EXPECT_EQ(unread[7].ReadAll(ctx)->size(), 3'000'000u);
    unread.clear();
    ExpectBody(ctx, site.client.Get(ctx, site.Url("/small")), std::string(3'000'000, 'x'));
    EXPECT_EQ(site.client.Stats().opened, 1u);
  });
}

// RFC 9113 section 5.4.2: the end of a context costs its stream, and the connection goes on.
TEST(Http2Client, TheEndOfAContextResetsJustThatRequest) {
  OnLoops(1, [](const Context& ctx) {
    Event arrived;
    Event canceled;
    TlsSite site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/") return w.Write("here");
      arrived.Set();
      const Error err = Sleep(r.Ctx(), 1h);
      canceled.Set();
      return err;
    });
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go("waits", [&](const Context&) {
      const Error err = site.client.Get(scope.ctx, site.Url("/wait")).Err();
      EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
    });
    ASSERT_FALSE(arrived.Wait(ctx));
    scope.cancel();
    EXPECT_FALSE(group.Wait());
    ASSERT_FALSE(canceled.Wait(ctx));
    ExpectBody(ctx, site.client.Get(ctx, site.Url()), "here");
    EXPECT_EQ(site.client.Stats().opened, 1u);
  });
}

TEST(Http2Client, UpgradesGoByHttp1) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, &Echo);
    ExpectBody(ctx, site.client.Get(ctx, site.Url()), "");
    ClientRequest request("GET", site.Url());
    request.Header().Set("Upgrade", "something");
    Result<ClientResponse> response = site.client.Do(ctx, request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->Version(), std::pair(1, 1));
    EXPECT_EQ(site.client.Stats().opened, 2u);
  });
}

TEST(Http2Client, WarmConnects) {
  OnLoops(1, [](const Context& ctx) {
    TlsSite site(ctx, &Echo);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(site.client.Warm(ctx, site.Url("")));
    ExpectBody(ctx, site.client.Get(ctx, site.Url()), "");
    EXPECT_EQ(site.client.Stats().opened, 1u);
    EXPECT_EQ(site.client.Stats().idle, 1u);
  });
}

TEST(Http2Client, AFailureToConnectIsThatOfAllWhoWait) {
  OnLoops(1, [](const Context& ctx) {
    HttpClient client({.http2 = true});
    Group group(ctx);
    for (int i = 0; i < 10; ++i) {
      group.Go("request", [&](const Context& c) { ExpectFailure(client.Get(c, "https://127.0.0.1:1/").Err(), ClientFailure::kRefused, false); });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Http2Client, IsUnderTheProxy) {
  OnLoops(2, [](const Context& ctx) {
    TlsSite site(ctx, &Echo);
    UpstreamPool pool(site.client, {.addresses = {site.Url("")}});
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.body_bytes_max = 100'000'000;
    TestServer front(ctx, ReverseProxy(pool), options);
    HttpClient client;
    for (const std::size_t size : {0u, 1u, 3'000'000u}) {
      Result<ClientResponse> response = client.Post(ctx, front.Bound(), "text/plain", std::string(size, 'z'));
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Header().Get("X-Version"), "2");
      ExpectBody(ctx, std::move(response), std::string(size, 'z'));
    }
  });
}

}  // namespace
}  // namespace weft
