// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/proxy/reverse_proxy.h>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/server/test_network.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

const std::string kA = "http://a.internal";
const std::string kB = "http://b.internal";

// Two upstreams, a proxy before them, and a client before that.
struct House {
  explicit House(const Context& given, ProxyOptions options = {}, UpstreamOptions upstreams = {}, std::optional<Handler> serves = {})
      : ctx(given), network(given) {
    for (const std::string& origin : {kA, kB}) {
      network.Serve(origin, serves ? *serves : Handler([origin](ResponseWriter& w, Request& r) -> Error {
        const Result<std::string> body = r.Body().ReadAll();
        if (Error err = body.Err()) return err;
        w.Header().Set("X-From", origin.substr(7, 1));
        return w.Write(std::string(r.Method()) + " " + std::string(r.Target()) + " " + std::string(r.Host()) + " " + *body);
      }));
    }
    if (upstreams.addresses.empty()) upstreams.addresses = {"a.internal", "b.internal"};
    inner = std::make_unique<HttpClient>(network.ClientOptions());
    pool = std::make_unique<UpstreamPool>(*inner, upstreams);
    front = std::make_unique<TestServer>(ctx, ReverseProxy(*pool, options));
  }

  Result<ClientResponse> Do(const ClientRequest& request) { return front->Client().Do(ctx, request); }
  Result<ClientResponse> Get(std::string_view target) { return front->Client().Get(ctx, front->Url(target)); }

  Context ctx;
  TestNetwork network;
  std::unique_ptr<HttpClient> inner;
  std::unique_ptr<UpstreamPool> pool;
  std::unique_ptr<TestServer> front;
};

TEST(ReverseProxy, PassesRequestAndResponseOn) {
  Virtually([](const Context& ctx) {
    House house(ctx, {.strip_prefix = "/api"});
    EXPECT_EQ(*house.Get("/api/x%2Fy?q=1")->ReadAll(ctx), "GET /x%2Fy?q=1 a.internal ");
    EXPECT_EQ(*house.Get("/apis")->ReadAll(ctx), "GET /apis b.internal ");
    EXPECT_EQ(*house.Get("/api")->ReadAll(ctx), "GET / a.internal ");
    ClientRequest request("PUT", house.front->Url("/p"));
    request.SetBody(std::string("text"));
    EXPECT_EQ(*house.Do(request)->ReadAll(ctx), "PUT /p b.internal text");
    PiecesBody body({"one ", "two"});
    request.SetBody(body);
    EXPECT_EQ(*house.Do(request)->ReadAll(ctx), "PUT /p a.internal one two");
  });
}

TEST(ReverseProxy, FieldsOfOneConnectionStayThere) {
  Virtually([](const Context& ctx) {
    std::string seen;
    House house(ctx, {}, {}, [&](ResponseWriter& w, Request& r) -> Error {
      for (const auto& [name, value] : r.Header()) seen += std::string(name) + "=" + std::string(value) + "\n";
      w.Header().Set("Keep-Alive", "timeout=5");
      w.Header().Set("Proxy-Authenticate", "Basic");
      w.Header().Set("X-Kept", "1");
      return w.Write("x");
    });
    ClientRequest request("GET", house.front->Url("/"));
    for (const auto& [name, value] : std::vector<std::pair<const char*, const char*>>{
             {"Connection", "X-Mine, keep-alive"}, {"X-Mine", "1"}, {"Proxy-Authorization", "Basic x"}, {"TE", "trailers, gzip"},
             {"X-Forwarded-For", "6.6.6.6"}, {"Forwarded", "for=6.6.6.6"}, {"X-Real-IP", "6.6.6.6"}, {"X_Forwarded_For", "6.6.6.6"}, {"Upgrade", "h2c"}, {"X-Passed", "1"}}) {
      request.Header().Add(name, value);
    }
    Result<ClientResponse> response = house.Do(request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->Header().Get("X-Kept"), "1");
    EXPECT_FALSE(response->Header().Has("Keep-Alive"));
    EXPECT_FALSE(response->Header().Has("Proxy-Authenticate"));
    for (const char* gone : {"X-Mine", "Proxy-Authorization", "6.6.6.6", "h2c", "gzip"}) EXPECT_EQ(seen.find(gone), std::string::npos) << seen;
    for (const char* there : {"TE=trailers\n", "X-Passed=1\n", "X-Forwarded-Proto=http\n", "X-Forwarded-Host=test-server\n",
                              "Forwarded=for=unknown;proto=http;host=\"test-server\"\n"}) {
      EXPECT_NE(seen.find(there), std::string::npos) << there << "in\n" << seen;
    }
  });
}

TEST(ReverseProxy, AnInterimResponseTakesNoFieldsOfTheMiddlewareAway) {
  Virtually([](const Context& ctx) {
    RawServer upstream(ctx, [](const Context& c, Stream& stream, int) {
      ReadUntil(c, stream);
      static_cast<void>(stream.Write(c, "HTTP/1.1 103 Early Hints\r\nLink: </theirs>\r\nX-Hint: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    });
    HttpClient inner;
    UpstreamPool pool(inner, {.addresses = {upstream.Url("")}});
    const Middleware links = [](Handler next) -> Handler {
      return [next = std::move(next)](ResponseWriter& w, Request& r) {
        w.Header().Add("Link", "</ours>");
        w.Header().Add("Link", "</ours-too>");
        return next(w, r);
      };
    };
    TestServer front(ctx, Chain(ReverseProxy(pool), {links}));
    Result<TestClient> client = front.Connect(ctx);
    ASSERT_TRUE(client.Ok());
    EXPECT_FALSE(client->Send(ctx, "GET / HTTP/1.1\r\nHost: x\r\nSec-Fetch-Mode: navigate\r\n\r\n"));
    EXPECT_NE(client->ReadUntil(ctx, "\r\n\r\n")->find("Link: </theirs>\r\n"), std::string::npos);
    const Result<std::string> head = client->ReadUntil(ctx, "\r\n\r\n");
    ASSERT_TRUE(head.Ok()) << head.Err().Message();
    EXPECT_NE(head->find("Link: </ours>\r\nLink: </ours-too>\r\n"), std::string::npos) << *head;
    EXPECT_EQ(head->find("theirs"), std::string::npos) << *head;
    EXPECT_EQ(head->find("X-Hint"), std::string::npos) << *head;
  });
}

TEST(ReverseProxy, AnUpstreamsFaultIsNotTheClients) {
  struct Row {
    const char* what;
    std::string bytes;
    int status;
  };
  for (const Row& row : std::vector<Row>{{"nonsense", "nonsense\r\n\r\n", 502},
                                         {"an end", "", 502},
                                         {"half a head", "HTTP/1.1 200 OK\r\nA", 502},
                                         {"too large", "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'x'), 502}}) {
    Virtually([&](const Context& ctx) {
      RawServer upstream(ctx, [&](const Context& c, Stream& stream, int) {
        ReadUntil(c, stream);
        static_cast<void>(stream.Write(c, row.bytes));
      });
      HttpClient client;
      std::string address = upstream.Url("");
      UpstreamPool pool(client, {.addresses = {address}});
      TestServer front(ctx, ReverseProxy(pool));
      Result<ClientResponse> response = front.Client().Post(ctx, front.Url("/"), "text/plain", "x");
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Status(), row.status) << row.what;
    });
  }
}

TEST(ReverseProxy, AsksAnotherUpstreamWhereThatIsAllowed) {
  Virtually([](const Context& ctx) {
    House house(ctx);
    house.network.Refuse(kA);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(house.Get("/")->Header().Get("X-From"), "b");
      ClientRequest request("POST", house.front->Url("/"));
      request.SetBody(std::string("body"));
      EXPECT_EQ(house.Do(request)->Header().Get("X-From"), "b");
    }
    house.network.Refuse(kB);
    EXPECT_EQ(house.Get("/")->Status(), 502);
  });
}

TEST(ReverseProxy, DoesNotRepeatWhatMayHaveBeenProcessed) {
  Virtually([](const Context& ctx) {
    int requests = 0;
    RawServer upstream(ctx, [&](const Context& c, Stream& stream, int) { requests += ReadUntil(c, stream).empty() ? 0 : 1; });
    HttpClient client;
    UpstreamPool pool(client, {.addresses = {upstream.Url("")}, .failures_max = 0});
    TestServer front(ctx, ReverseProxy(pool));
    EXPECT_EQ(front.Client().Post(ctx, front.Url("/"), "text/plain", "x")->Status(), 502);
    EXPECT_EQ(requests, 1);
    EXPECT_EQ(front.Client().Get(ctx, front.Url("/"))->Status(), 502);
    EXPECT_EQ(requests, 3);
  });
}

TEST(ReverseProxy, ASlowUpstreamIs504) {
  Virtually([](const Context& ctx) {
    House house(ctx, {.response_timeout = 3s});
    house.network.Stall(kA);
    house.network.Stall(kB);
    TimePoint before = Now();
    EXPECT_EQ(house.Get("/")->Status(), 504);
    EXPECT_EQ(Now() - before, 3s);
    before = Now();
    EXPECT_EQ(house.front->Client().Post(ctx, house.front->Url("/"), "text/plain", "x")->Status(), 504);
    EXPECT_EQ(Now() - before, 3s);
  });
}

TEST(ReverseProxy, TriesAnotherUpstreamWhenOneTakesTooLong) {
  Virtually([](const Context& ctx) {
    House house(ctx, {.try_timeout = 1s});
    house.network.Stall(kA);
    const TimePoint before = Now();
    EXPECT_EQ(house.Get("/")->Header().Get("X-From"), "b");
    EXPECT_EQ(Now() - before, 1s);
  });
}

// Ends of bodies, lengths and chunks, at every byte of the response.
TEST(ReverseProxy, AbortsTheResponseWhenTheUpstreamBreaksOff) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const std::string& rest : {std::string("Content-Length: 9000\r\n\r\n") + std::string(9000, 'x'),
                                  "Transfer-Encoding: chunked\r\n\r\n2328\r\n" + std::string(9000, 'x') + "\r\n0\r\n\r\n"}) {
    Virtually([&](const Context& ctx) {
      std::size_t cut = 0;
      const std::string whole = head + rest;
      RawServer upstream(ctx, [&](const Context& c, Stream& stream, int) {
        while (!ReadUntil(c, stream).empty()) {
          if (stream.Write(c, std::string_view(whole).substr(0, cut)) || cut < whole.size()) return;
        }
      });
      HttpClient client;
      UpstreamPool pool(client, {.addresses = {upstream.Url("")}, .failures_max = 0});
      TestServer front(ctx, ReverseProxy(pool));
      for (; cut < whole.size(); cut += cut < 100 || cut + 100 > whole.size() ? 1 : 997) {
        Result<ClientResponse> response = front.Client().Post(ctx, front.Url("/"), "text/plain", "x");
        ASSERT_TRUE(response.Ok()) << response.Err().Message();
        if (response->Status() == 502) continue;
        EXPECT_TRUE(response->ReadAll(ctx).Err()) << cut;
      }
      cut = whole.size();
      EXPECT_EQ(front.Client().Get(ctx, front.Url("/"))->ReadAll(ctx)->size(), 9000u);
    });
  }
}

TEST(ReverseProxy, ADisconnectCancelsTheUpstreamRequest) {
  Virtually([](const Context& ctx) {
    Event canceled;
    Error cause;
    House house(ctx, {}, {}, [&](ResponseWriter&, Request& r) -> Error {
      const Error err = Sleep(r.Ctx(), 1h);
      cause = r.Ctx().Cause();
      canceled.Set();
      return err;
    });
    const CancelScope leaves = WithTimeout(ctx, 1s);
    EXPECT_TRUE(house.front->Client().Get(leaves.ctx, house.front->Url("/")).Err());
    EXPECT_FALSE(canceled.Wait(ctx));
    EXPECT_TRUE(cause.Is(kClientGone)) << cause.Message();
    EXPECT_EQ(house.inner->Stats().in_use, 0u);
  });
}

TEST(ReverseProxy, StreamsBothWaysAtOnce) {
  Virtually([](const Context& ctx) {
    House house(ctx, {}, {}, [](ResponseWriter& w, Request& r) -> Error {
      std::array<char, 100> piece;
      for (;;) {
        const Result<std::size_t> n = r.Body().Read(piece);
        if (Error err = n.Err()) return err;
        if (*n == 0) break;
        if (Error err = w.Write({piece.data(), *n})) return err;
        if (Error err = w.Flush()) return err;
      }
      w.Trailer().Set("Sum", "7");
      return {};
    });
    Result<ClientExchange> exchange = house.front->Client().Open(ctx, ClientRequest("POST", house.front->Url("/")));
    ASSERT_TRUE(exchange.Ok()) << exchange.Err().Message();
    EXPECT_FALSE(exchange->Write(ctx, "ping"));
    Result<ClientResponse> response = exchange->Head(ctx);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    std::array<char, 100> piece;
    for (int i = 0; i < 3; ++i) {
      const Result<std::size_t> n = response->Read(ctx, piece);
      ASSERT_TRUE(n.Ok()) << n.Err().Message();
      EXPECT_EQ(std::string_view(piece.data(), *n), "ping");
      if (i < 2) {
        EXPECT_FALSE(exchange->Write(ctx, "ping"));
      }
    }
    EXPECT_FALSE(exchange->CloseWrite(ctx));
    EXPECT_EQ(*response->Read(ctx, piece), 0u);
    EXPECT_EQ(response->Trailer().Get("Sum"), "7");
  });
}

TEST(ReverseProxy, ADownloadHasNoDeadlineOnceItHasBegun) {
  Virtually([](const Context& ctx) {
    TestNetwork network(ctx);
    ServerOptions patient;
    patient.request_timeout = 1h;
    network.Serve(kA, [](ResponseWriter& w, Request& r) -> Error {
      for (int i = 0; i < 100; ++i) {
        if (Error err = w.Write(std::string(2000, 'x'))) return err;
        if (Error err = w.Flush()) return err;
        if (Error err = Sleep(r.Ctx(), 10s)) return err;
      }
      return {};
    }, patient);
    HttpClient client(network.ClientOptions());
    UpstreamPool pool(client, {.addresses = {kA}});
    TestServer front(ctx, ReverseProxy(pool));
    Result<ClientResponse> response = front.Client().Get(ctx, front.Url("/"));
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    const Result<std::string> body = response->ReadAll(ctx);
    ASSERT_TRUE(body.Ok()) << body.Err().Message();
    EXPECT_EQ(body->size(), 200'000u);
  });
}

TEST(ReverseProxy, PassesUpgradesOnThatItKnowsByName) {
  Virtually([](const Context& ctx) {
    const Handler echo = [](ResponseWriter& w, Request& r) -> Error {
      const char* const protocol = r.OffersUpgrade("websocket") ? "websocket" : "echo";
      if (!r.OffersUpgrade(protocol)) return HttpError(426);
      w.Header().Set("Upgrade", protocol);
      w.WriteHeader(101);
      Result<Stream> stream = w.Hijack();
      if (Error err = stream.Err()) return err;
      if (Error err = stream->Write("first;")) return err;
      if (Error err = Copy(r.Ctx(), *stream, *stream).Err()) return err;
      return stream->CloseWrite();
    };
    House house(ctx, {}, {}, echo);
    ClientRequest request("GET", house.front->Url("/"));
    request.Header().Set("Upgrade", "websocket");
    Result<ClientResponse> response = house.Do(request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    ASSERT_EQ(response->Status(), 101);
    Result<Stream> stream = response->TakeStream();
    ASSERT_TRUE(stream.Ok());
    EXPECT_FALSE(stream->Write(ctx, "second;"));
    EXPECT_FALSE(stream->CloseWrite());
    std::string all;
    std::array<char, 100> piece;
    for (Result<std::size_t> n = stream->Read(ctx, piece); n.Ok() && *n > 0; n = stream->Read(ctx, piece)) all.append(piece.data(), *n);
    EXPECT_EQ(all, "first;second;");

    request.Header().Set("Upgrade", "echo");
    EXPECT_EQ(house.Do(request)->Status(), 426);
  });
}

// An upstream that changed the protocol while the body is on its way would have both on one connection.
TEST(ReverseProxy, ARequestWithABodyOffersNoUpgrade) {
  Virtually([](const Context& ctx) {
    std::string head;
    RawServer upstream(ctx, [&](const Context& c, Stream& stream, int) {
      head = ReadUntil(c, stream);
      if (Sleep(c, 1s)) return;
      static_cast<void>(stream.Write(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
      static_cast<void>(Sleep(c, 1h));
    });
    HttpClient client;
    UpstreamPool pool(client, {.addresses = {upstream.Url("")}});
    TestServer front(ctx, ReverseProxy(pool));
    Stream stream = ConnectUnix(std::string_view(front.Bound()).substr(6));
    EXPECT_FALSE(stream.Write(ctx, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 10000000\r\n\r\n"));
    Group sends(ctx);
    sends.Go("body", [&](const Context& c) { static_cast<void>(stream.Write(c, std::string(10'000'000, 'x'))); });
    const std::string response = ReadUntil(ctx, stream);
    EXPECT_TRUE(response.starts_with("HTTP/1.1 502 ")) << response;
    EXPECT_EQ(head.find("pgrade"), std::string::npos) << head;
    sends.Cancel();
    static_cast<void>(sends.Wait());
  });
}

TEST(ReverseProxy, TrailersOfTheRequestGoAlongButNotTheNameOfTheClient) {
  Virtually([](const Context& ctx) {
    std::string seen;
    House house(ctx, {}, {}, [&](ResponseWriter&, Request& r) -> Error {
      if (Error err = r.Body().ReadAll().Err()) return err;
      for (const auto& [name, value] : r.Trailer()) seen += std::string(name) + "=" + std::string(value) + ";";
      return {};
    });
    PiecesBody body({"text"});
    ClientRequest request("POST", house.front->Url("/"));
    request.SetBody(body);
    request.Trailer().Set("Sum", "7");
    request.Trailer().Set("X-Forwarded-For", "6.6.6.6");
    EXPECT_EQ(house.Do(request)->Status(), 200);
    EXPECT_EQ(seen, "Sum=7;");
  });
}

TEST(ReverseProxy, LimitsTheBodyOfARequest) {
  Virtually([](const Context& ctx) {
    House house(ctx, {.body_bytes_max = 10});
    EXPECT_EQ(house.front->Client().Post(ctx, house.front->Url("/"), "text/plain", "0123456789")->Status(), 200);
    EXPECT_EQ(house.front->Client().Post(ctx, house.front->Url("/"), "text/plain", "0123456789a")->Status(), 413);
  });
}

TEST(UpstreamPool, PutsOutWhatFailsAndTriesItAgainOnce) {
  Virtually([](const Context& ctx) {
    House house(ctx, {.retries_max = 0}, {.failures_max = 2, .out_for = 10s});
    house.network.Refuse(kA);
    int failed = 0;
    for (int i = 0; i < 20; ++i) failed += house.Get("/")->Status() == 502 ? 1 : 0;
    EXPECT_EQ(failed, 2);
    EXPECT_TRUE(house.pool->Stats()[0].out);
    EXPECT_FALSE(Sleep(ctx, 11s));
    for (int i = 0; i < 20; ++i) failed += house.Get("/")->Status() == 502 ? 1 : 0;
    EXPECT_EQ(failed, 3);
    house.network.Heal(kA);
    EXPECT_FALSE(Sleep(ctx, 21s));
    int from_a = 0;
    for (int i = 0; i < 20; ++i) from_a += house.Get("/")->Header().Get("X-From") == "a" ? 1 : 0;
    EXPECT_GE(from_a, 9);
    EXPECT_FALSE(house.pool->Stats()[0].out);
  });
}

TEST(UpstreamPool, TheCheckPutsOutAndIn) {
  Virtually([](const Context& ctx) {
    House house(ctx);
    Group group(ctx);
    group.Go("check", [&](const Context& c) { static_cast<void>(house.pool->Check(c, {.every = 1s})); });
    house.network.Refuse(kB);
    EXPECT_FALSE(Sleep(ctx, 5s));
    EXPECT_TRUE(house.pool->Stats()[1].out);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(house.Get("/")->Header().Get("X-From"), "a");
    house.network.Heal(kB);
    EXPECT_FALSE(Sleep(ctx, 5s));
    EXPECT_FALSE(house.pool->Stats()[1].out);
    group.Cancel();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(UpstreamPool, SetKeepsWhatIsKnown) {
  Virtually([](const Context& ctx) {
    House house(ctx);
    static_cast<void>(house.Get("/"));
    static_cast<void>(house.Get("/"));
    house.pool->Set({"b.internal"});
    ASSERT_EQ(house.pool->Stats().size(), 1u);
    EXPECT_EQ(house.pool->Stats()[0].requests, 1u);
    house.pool->Set({});
    EXPECT_EQ(house.Get("/")->Status(), 503);
  });
}

TEST(UpstreamPool, RespondsWith503BeyondItsLimit) {
  Virtually([](const Context& ctx) {
    House house(ctx, {}, {.requests_max = 1}, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), 1s)) return err;
      return w.Write("x");
    });
    int ok = 0;
    int busy = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context&) {
        const int status = house.Get("/")->Status();
        ok += status == 200 ? 1 : 0;
        busy += status == 503 ? 1 : 0;
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ok, 2);
    EXPECT_EQ(busy, 1);
  });
}

}  // namespace
}  // namespace weft
