// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/http_client.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/work_ids.h>
#include <weft/handlers/routing/mux.h>
#include <weft/http/internal/http2/session.h>
#include <weft/server/testing.h>

#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

Mux Routes() {
  Mux mux;
  mux.Handle("GET /hello/{name}", [](ResponseWriter& w, Request& r) { return w.Write("Hello, " + std::string(r.PathValue("name")) + "!"); });
  mux.Handle("/echo", [](ResponseWriter& w, Request& r) -> Error {
    const Result<std::string> body = r.Body().ReadAll();
    if (Error err = body.Err()) return err;
    w.Header().Set("X-Method", r.Method());
    w.Header().Set("X-Length", r.Header().Get("Content-Length"));
    w.Header().Set("X-Coding", r.Header().Get("Transfer-Encoding"));
    return w.Write(*body);
  });
  mux.Handle("GET /chunks", [](ResponseWriter& w, Request&) -> Error {
    w.Trailer().Set("Sum", "3");
    for (int i = 0; i < 3; ++i) {
      if (Error err = w.Write("piece;")) return err;
      if (Error err = w.Flush()) return err;
    }
    return {};
  });
  mux.Handle("GET /slow", [](ResponseWriter& w, Request& r) -> Error {
    if (Error err = Sleep(r.Ctx(), 1h)) return err;
    return w.Write("late");
  });
  mux.Handle("GET /fields", [](ResponseWriter& w, Request& r) -> Error {
    for (const auto& [name, value] : r.Header()) {
      if (Error err = w.Write(std::string(name) + "=" + std::string(value) + "\n")) return err;
    }
    return {};
  });
  return mux;
}

TEST(HttpClient, GetsAResponseOnAKeptConnection) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client;
    for (const char* name : {"anna", "ben", "carl"}) {
      Result<ClientResponse> response = client.Get(ctx, UrlOf(server, std::string("/hello/") + name));
      if (Error failed = response.Err()) return failed;
      EXPECT_EQ(response->Status(), 200);
      EXPECT_EQ(*response->ReadAll(ctx), std::string("Hello, ") + name + "!");
    }
    EXPECT_EQ(client.Stats().opened, 1u);
    EXPECT_EQ(client.Stats().idle, 1u);
    EXPECT_EQ(client.Stats().in_use, 0u);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, SendsABodyWithItsLength) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client;
    Result<ClientResponse> response = client.Post(ctx, UrlOf(server, "/echo"), "text/plain", "some text");
    if (Error failed = response.Err()) return failed;
    EXPECT_EQ(response->Header().Get("X-Method"), "POST");
    EXPECT_EQ(response->Header().Get("X-Length"), "9");
    EXPECT_EQ(*response->ReadAll(ctx), "some text");
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, StreamsABodyInChunks) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client;
    PiecesBody body({"one ", "two ", std::string(200'000, 'x')});
    ClientRequest request("PUT", UrlOf(server, "/echo"));
    request.SetBody(body);
    Result<ClientResponse> response = client.Do(ctx, request);
    if (Error failed = response.Err()) return failed;
    EXPECT_EQ(response->Header().Get("X-Coding"), "chunked");
    EXPECT_EQ(*response->ReadAll(ctx), "one two " + std::string(200'000, 'x'));
    EXPECT_EQ(client.Stats().idle, 1u);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, ReadsChunksAndTrailers) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client;
    Result<ClientResponse> response = client.Get(ctx, UrlOf(server, "/chunks"));
    if (Error failed = response.Err()) return failed;
    EXPECT_EQ(response->ContentLength(), std::nullopt);
    EXPECT_EQ(*response->ReadAll(ctx), "piece;piece;piece;");
    EXPECT_EQ(response->Trailer().Get("Sum"), "3");
    EXPECT_EQ(client.Stats().idle, 1u);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, ADeadlineReachesTheWaitForTheResponse) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client;
    const TimePoint before = Now();
    const CancelScope limit = WithTimeout(ctx, 2s);
    const Result<ClientResponse> response = client.Get(limit.ctx, UrlOf(server, "/slow"));
    EXPECT_TRUE(response.Err().Is(kDeadlineExceeded)) << response.Err().Message();
    EXPECT_EQ(Now() - before, 2s);
    EXPECT_EQ(client.Stats().idle, 0u);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, WithoutADeadlineItsOwnLimitEndsTheWait) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client({.response_timeout = 3s});
    const TimePoint before = Now();
    const Result<ClientResponse> response = client.Get(ctx, UrlOf(server, "/slow"));
    ExpectFailure(response.Err(), ClientFailure::kTimedOut, true);
    EXPECT_TRUE(response.Err().Is(kUpstreamTimeout));
    EXPECT_EQ(Now() - before, 3s);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, RefusesWhatCannotBeSentBeforeItConnects) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    HttpClient client;
    for (const char* url : {"", "x", "ftp://a/", "http://", "http://a:0/", "http://a:99999/", "http://user:pw@a/", "http://a/b c", "http://a/\r\nX: y", "http+unix:///x"}) {
      EXPECT_TRUE(client.Get(ctx, url).Err()) << url;
    }
    EXPECT_TRUE(client.Do(ctx, ClientRequest("GE T", "http://127.0.0.1:1/")).Err());
    ClientRequest request("GET", "http://127.0.0.1:1/");
    request.Header().Set("Authorization", "Bearer secret\n");
    const Error refused = client.Do(ctx, request).Err();
    EXPECT_NE(refused.Message().find("Authorization"), std::string::npos) << refused.Message();
    EXPECT_EQ(refused.As<ClientFailure>(), nullptr);
    EXPECT_EQ(client.Stats().failed, 0u);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, RefusesAUserAgentThatIsMoreThanOneField) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client({.user_agent = "service/1.0\r\nX-Two: 2"});
    const Error refused = client.Get(ctx, UrlOf(server, "/hello/anna")).Err();
    EXPECT_NE(refused.Message().find("user_agent"), std::string::npos) << refused.Message();
    EXPECT_EQ(client.Stats().opened, 0u);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, AsksAboutAddressesThatOthersDial) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    int dialled = 0;
    std::string asked;
    HttpClient client({.allow =
                           [&](const Address& address) {
                             asked += address.Text() + ";";
                             return Error::New("private");
                           },
                       .dial = [&](const Context&, const DialTarget&) -> Result<Stream> {
                         ++dialled;
                         return Error(std::errc::connection_refused);
                       }});
    for (const char* url : {"http://127.0.0.1/", "http://[::1]:81/", "http+unix://%2Frun%2Fapp.sock/"}) {
      ExpectFailure(client.Get(ctx, url).Err(), ClientFailure::kRefused, false);
    }
    EXPECT_EQ(dialled, 0);
    EXPECT_EQ(asked, "127.0.0.1:80;[::1]:81;");
    ExpectFailure(client.Get(ctx, "http://users.internal/").Err(), ClientFailure::kRefused, false);
    EXPECT_EQ(dialled, 1);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, ATunnelNamesItsPort) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    for (const auto& [url, target] : std::vector<std::pair<const char*, std::string>>{
             {"http://users.internal/", "users.internal:80"}, {"http://users.internal:8080/", "users.internal:8080"}, {"http://[::1]/", "[::1]:80"}}) {
      std::string seen;
      RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
        seen = ReadUntil(c, stream);
        static_cast<void>(stream.Write(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"));
      });
      HttpClient client({.dial = [&](const Context&, const DialTarget&) -> Result<Stream> { return server.Connect(); }});
      EXPECT_TRUE(client.Do(ctx, ClientRequest("CONNECT", url)).Ok());
      EXPECT_TRUE(seen.starts_with("CONNECT " + target + " HTTP/1.1\r\n")) << seen;
    }
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, NobodyListens) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    HttpClient client;
    const Error refused = client.Get(ctx, "http+unix://%40weft-nobody-here/").Err();
    ExpectFailure(refused, ClientFailure::kRefused, false);
    EXPECT_TRUE(refused.Is(std::errc::connection_refused));
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, LimitsAreOfTheProcessAndWaitersComeInOrder) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    int at_once = 0;
    int most = 0;
    TestServer server(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      most = std::max(most, ++at_once);
      const Error slept = Sleep(r.Ctx(), 1s);
      --at_once;
      return slept ? slept : w.Write("x");
    });
    HttpClient client({.requests_per_origin_max = 2, .waiting_per_origin_max = 3});
    std::vector<int> order;
    Group group(ctx);
    int busy = 0;
    for (int i = 0; i < 6; ++i) {
      group.Go([&, i](const Context& c) {
        Result<ClientResponse> response = client.Get(c, UrlOf(server, "/"));
        if (response.Ok()) {
          EXPECT_EQ(*response->ReadAll(c), "x");
          order.push_back(i);
          return;
        }
        ++busy;
        ExpectFailure(response.Err(), ClientFailure::kBusy, false);
        EXPECT_TRUE(response.Err().Is(kUnavailable));
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(most, 2);
    EXPECT_EQ(busy, 1);
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, KeptConnectionsEndAfterTheirTime) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client({.idle_timeout = 10s});
    EXPECT_TRUE(client.Get(ctx, UrlOf(server, "/hello/x"))->ReadAll(ctx).Ok());
    EXPECT_EQ(client.Stats().idle, 1u);
    EXPECT_FALSE(Sleep(ctx, 11s));
    EXPECT_EQ(client.Stats().idle, 0u);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, AnIdleConnectionThatTheServerClosesIsNotUsedAgain) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    ServerOptions options;
    options.idle_timeout = 5s;
    TestServer server(ctx, Routes(), options);
    HttpClient client;
    EXPECT_TRUE(client.Get(ctx, UrlOf(server, "/hello/x"))->ReadAll(ctx).Ok());
    EXPECT_FALSE(Sleep(ctx, 20s));
    EXPECT_EQ(client.Stats().idle, 0u);
    Result<ClientResponse> response = client.Post(ctx, UrlOf(server, "/echo"), "text/plain", "x");
    EXPECT_TRUE(response.Ok()) << response.Err().Message();
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, SendsDeadlineAndRequestIdIfConfigured) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client({.propagate = {.deadline_field = "X-Left-Ms", .request_id = true}});
    const CancelScope limit = WithTimeout(WithRequestId(ctx, "r-1"), 2s);
    Result<ClientResponse> response = client.Get(limit.ctx, UrlOf(server, "/fields"));
    if (Error failed = response.Err()) return failed;
    const std::string fields = *response->ReadAll(ctx);
    EXPECT_NE(fields.find("X-Left-Ms=2000\n"), std::string::npos) << fields;
    EXPECT_NE(fields.find("X-Request-Id=r-1\n"), std::string::npos) << fields;
    EXPECT_NE(fields.find("Host=localhost\n"), std::string::npos) << fields;
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, DroppingAResponseReadsASmallRestAndClosesOnALargeOne) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request& r) { return w.Write(std::string(r.Path() == "/small" ? 10'000 : 10'000'000, 'x')); });
    HttpClient client;
    { const Result<ClientResponse> small = client.Get(ctx, UrlOf(server, "/small")); }
    EXPECT_EQ(client.Stats().idle, 1u);
    { const Result<ClientResponse> large = client.Get(ctx, UrlOf(server, "/large")); }
    EXPECT_EQ(client.Stats().idle, 0u);
    EXPECT_EQ(client.Stats().in_use, 0u);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, ReadAllHasALimit) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/chunks") {
        if (Error failed = w.Write("x")) return failed;
        if (Error failed = w.Flush()) return failed;
      }
      return w.Write(std::string(100'000, 'x'));
    });
    HttpClient client;
    for (const char* path : {"/length", "/chunks"}) {
      Result<ClientResponse> response = client.Get(ctx, UrlOf(server, path));
      ExpectFailure(response->ReadAll(ctx, 50'000).Err(), ClientFailure::kTooLarge, true);
    }
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, BothDirectionsAtOnce) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, EchoWhileReading);
    HttpClient client;
    Result<ClientExchange> exchange = client.Open(ctx, ClientRequest("POST", UrlOf(server, "/")));
    if (Error failed = exchange.Err()) return failed;
    EXPECT_FALSE(exchange->Write(ctx, "ping"));
    Result<ClientResponse> response = exchange->Head(ctx);
    if (Error failed = response.Err()) return failed;
    std::array<char, 100> piece;
    for (int i = 0; i < 3; ++i) {
      const Result<std::size_t> n = response->Read(ctx, piece);
      EXPECT_EQ(std::string_view(piece.data(), *n), "ping");
      if (i < 2) {
        EXPECT_FALSE(exchange->Write(ctx, "ping"));
      }
    }
    EXPECT_FALSE(exchange->CloseWrite(ctx));
    EXPECT_EQ(*response->Read(ctx, piece), 0u);
    EXPECT_EQ(client.Stats().idle, 1u);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, FollowsRedirectsWhereItIsAskedTo) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/end") return w.Write(std::string(r.Method()) + (*r.Body().ReadAll()));
      w.Header().Set("Location", r.Path() == "/see" ? "end" : r.Path() == "/loop" ? "/loop" : "/end?x");
      w.WriteHeader(r.Path() == "/see" ? 303 : 307);
      return {};
    });
    HttpClient follows({.redirects_max = 3});
    HttpClient stays;
    EXPECT_EQ(*follows.Post(ctx, UrlOf(server, "/see"), "text/plain", "body")->ReadAll(ctx), "GET");
    EXPECT_EQ(*follows.Post(ctx, UrlOf(server, "/temporary"), "text/plain", "body")->ReadAll(ctx), "POSTbody");
    EXPECT_EQ(follows.Get(ctx, UrlOf(server, "/loop"))->Status(), 307);
    EXPECT_EQ(stays.Get(ctx, UrlOf(server, "/see"))->Status(), 303);
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, AnUpgradeGivesTheStream) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (!r.OffersUpgrade("echo")) return HttpError(426);
      w.Header().Set("Upgrade", "echo");
      w.WriteHeader(101);
      Result<Stream> stream = w.Hijack();
      if (Error failed = stream.Err()) return failed;
      if (Error failed = stream->Write("first")) return failed;
      std::array<char, 100> piece;
      const Result<std::size_t> n = stream->Read(piece);
      if (Error failed = n.Err()) return failed;
      return stream->Write({piece.data(), *n});
    });
    HttpClient client;
    ClientRequest request("GET", UrlOf(server, "/"));
    request.Header().Set("Upgrade", "echo");
    Result<ClientResponse> response = client.Do(ctx, request);
    if (Error failed = response.Err()) return failed;
    EXPECT_EQ(response->Status(), 101);
    Result<Stream> stream = response->TakeStream();
    if (Error failed = stream.Err()) return failed;
    std::array<char, 100> piece;
    EXPECT_EQ(std::string_view(piece.data(), *stream->Read(ctx, piece)), "first");
    EXPECT_FALSE(stream->Write(ctx, "second"));
    EXPECT_EQ(std::string_view(piece.data(), *stream->Read(ctx, piece)), "second");
    EXPECT_EQ(*stream->Read(ctx, piece), 0u);
    EXPECT_TRUE(client.Get(ctx, UrlOf(server, "/"))->TakeStream().Err());
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClient, WithHttp2SaysWhereItIsNotBuilt) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, Routes());
    HttpClient client({.http2 = true});
    const Error failed = client.Get(ctx, UrlOf(server, "/hello/anna")).Err();
    EXPECT_EQ(failed.Message().find("HttpClientOptions::http2: weft was built without HTTP/2 (WEFT_HTTP2=OFF)") == std::string::npos,
              internal::http2::SessionsExist())
        << failed.Message();
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

}  // namespace
}  // namespace weft
