// SPDX-License-Identifier: Apache-2.0
//
// Requests that the server itself rejects, without a handler: each is reported, so that they can be counted.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include <weft/handlers/problem.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

TEST(Refusal, IsReportedForEachRequest) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.requests_max = 1;
    options.queued_requests_max = 1;
    Event leave;
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      (void)leave.Wait(Background());
      return w.Write("served");
    }, options);
    Client busy = site.Connect();
    Client queued = site.Connect();
    busy.Send(kGet);
    queued.Send(kGet);
    (void)Sleep(ctx, seconds(1));

    for (int i = 1; i <= 50; ++i) {
      Client client = site.Connect();
      EXPECT_EQ(client.Get("/").status, 503);
      EXPECT_EQ(site.log().Refused(), i);
    }
    EXPECT_EQ(site.Count("limit queued"), 1);
    leave.Set();
    EXPECT_EQ(queued.ReadResponse().body, "served");
  });
}

TEST(Refusal, IsReportedWithTheStatusOfItsResponse) {
  const struct {
    std::string_view request;
    int status;
  } kCases[] = {
      {"GET / HTTP/1.1\r\nbroken\r\n\r\n", 400},
      {"GET / HTTP/2.9\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\n", 408},
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nbroken\r\n\r\n", 400},
  };
  for (const auto& each : kCases) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("served"));
      Client client = site.Connect();
      client.Send(each.request);
      (void)Sleep(ctx, seconds(11));

      EXPECT_EQ(site.log().Refused(), 1) << each.request;
      EXPECT_EQ(site.log().LastRefused(), each.status) << each.request;
    });
  }
}

// Whether the kernel asks this server's side of a connection for its client.
class Probes final : public Observer {
 public:
  bool WatchesConnections() const override { return true; }
  void OnConnectionOpened(const ConnectionOpened& event) override { descriptor_ = event.descriptor; }
  int Get(int level, int option) const {
    int value = -1;
    socklen_t size = sizeof value;
    getsockopt(descriptor_, level, option, &value, &size);
    return value;
  }

 private:
  std::atomic<int> descriptor_{-1};
};

TEST(Probes, BeginWhenARequestBecomesLongLived) {
  for (const bool hijack : {false, true}) {
    Probes probes;
    Event asked;
    Event leave;
    ServerOptions options{.address = "127.0.0.1:0", .loops = 1};
    options.observer = &probes;
    options.probe_after = seconds(20);
    TestServer server(Background(), [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/") return w.Write(std::to_string(probes.Get(SOL_SOCKET, SO_KEEPALIVE)));
      if (hijack) {
        w.Header().Set("Upgrade", "echo");
        w.WriteHeader(101);
        Result<Stream> stream = w.Hijack();
        EXPECT_TRUE(stream.Ok()) << stream.Err().Message();
        asked.Set();
        return leave.Wait(Background());
      }
      EXPECT_TRUE(r.LongLived());
      asked.Set();
      return leave.Wait(Background());
    }, options);
    Client client(Background(), server.Bound());
    EXPECT_EQ(client.Get("/").body, "0") << "nothing at accept";

    client.Send("GET /live HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    (void)asked.Wait(Background());

    EXPECT_EQ(probes.Get(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(probes.Get(IPPROTO_TCP, TCP_KEEPIDLE), 20);
    EXPECT_EQ(probes.Get(IPPROTO_TCP, TCP_KEEPINTVL), 10);
    EXPECT_EQ(probes.Get(IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(probes.Get(IPPROTO_TCP, TCP_USER_TIMEOUT), 50'000);
    leave.Set();
  }
}

TEST(Probes, AreLeftOutByChoice) {
  Probes probes;
  ServerOptions options{.address = "127.0.0.1:0", .loops = 1};
  options.observer = &probes;
  options.probe_after = kUnlimited;
  TestServer server(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    EXPECT_TRUE(r.LongLived());
    return w.Write(std::to_string(probes.Get(SOL_SOCKET, SO_KEEPALIVE)));
  }, options);

  EXPECT_EQ(Client(Background(), server.Bound()).Get("/").body, "0");
}

TEST(Refusal, HasTheBodyThatTheOptionsGiveIt) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    std::vector<int> asked;
    const auto problems = ProblemRefusals();
    options.refusal = [&](int status) {
      asked.push_back(status);
      if (status == 414) return RefusalBody{"text/html\r\nX-Injected: 1", "<p>"};
      if (status == 431) return RefusalBody{"text/plain", std::string(5000, 'x')};
      return problems(status);
    };
    options.requests_max = 1;
    options.queued_requests_max = 1;
    options.target_bytes_max = 100;
    options.fields_max = 2;
    Event leave;
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      (void)leave.Wait(Background());
      return w.Write("served");
    }, options);
    EXPECT_EQ(std::count(asked.begin(), asked.end(), 503), 1) << "once for each status, when the server starts";

    const auto ask = [&](const std::string& request) {
      Client client = site.Connect();
      client.Send(request);
      return client.ReadResponse();
    };
    const TestResponse malformed = ask("GET / HTTP/1.1\nHost: a\r\n\r\n");
    EXPECT_EQ(malformed.status, 400);
    EXPECT_EQ(malformed.Header("Content-Type"), "application/problem+json");
    EXPECT_EQ(malformed.Header("Connection"), "close");
    EXPECT_NE(malformed.body.find("\"status\":400"), std::string::npos) << malformed.body;

    // A body that cannot be sent is left out, a long one is not.
    const TestResponse long_target = ask("GET /" + std::string(200, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(long_target.status, 414);
    EXPECT_EQ(long_target.Header("X-Injected"), "");
    EXPECT_EQ(long_target.Header("Content-Type"), "text/plain; charset=utf-8");
    const TestResponse many_fields = ask("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");
    EXPECT_EQ(many_fields.status, 431);
    EXPECT_EQ(many_fields.body, std::string(5000, 'x'));

    Client busy = site.Connect();
    Client queued = site.Connect();
    busy.Send(kGet);
    queued.Send(kGet);
    (void)Sleep(ctx, seconds(1));
    const TestResponse overload = site.Connect().Get("/");
    EXPECT_EQ(overload.status, 503);
    EXPECT_EQ(overload.Header("Retry-After"), "1");
    EXPECT_EQ(overload.Header("Content-Type"), "application/problem+json");
    leave.Set();
    EXPECT_EQ(queued.ReadResponse().body, "served");
  });
}

}  // namespace
}  // namespace weft
