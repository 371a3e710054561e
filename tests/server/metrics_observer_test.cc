// SPDX-License-Identifier: Apache-2.0
#include <weft/server/metrics_observer.h>

#include <string>

#include <weft/concurrency/event.h>
#include <weft/handlers/testing.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;

// The number of this series.
std::string ValueOf(Metrics& metrics, const std::string& series) {
  Recorder recorder;
  recorder.Serve(metrics.Serve(), RequestBuilder());
  const std::string page = "\n" + recorder.Body();
  const std::size_t at = page.find("\n" + series + " ");
  if (at == std::string::npos) return "not there";
  const std::size_t begin = at + series.size() + 2;
  return page.substr(begin, page.find('\n', begin) - begin);
}

struct Counted {
  Counted(const Context& ctx, Handler handler, ServerOptions options = {}) : server(ctx, std::move(handler), With(std::move(options))) {}

  ServerOptions With(ServerOptions options) {
    options.name = "api";
    options.observers = {&observer};
    return options;
  }
  std::string Value(const std::string& name, const std::string& more_labels = "") {
    return ValueOf(metrics, name + "{server=\"api\"" + more_labels + "}");
  }

  Metrics metrics;
  MetricsObserver observer{metrics};
  TestServer server;
};

TEST(MetricsObserver, CountsConnectionsAndWhyTheyEnded) {
  Virtually([](const Context& ctx) {
    Counted site(ctx, Tell);
    {
      Client open(ctx, site.server.Bound());
      open.Get("/");
      EXPECT_EQ(site.Value("weft_server_connections"), "1");
      Client(ctx, site.server.Bound()).Get("/", "Connection: close\r\n");
    }
    (void)Sleep(ctx, milliseconds(1));

    EXPECT_EQ(site.Value("weft_server_connections_opened_total"), "2");
    EXPECT_EQ(site.Value("weft_server_connections_closed_total", ",reason=\"complete\""), "1");
    EXPECT_EQ(site.Value("weft_server_connections_closed_total", ",reason=\"client\""), "1");
    EXPECT_EQ(site.Value("weft_server_connections"), "0");
    EXPECT_FALSE(site.server.Stop());
    EXPECT_EQ(site.Value("weft_server_drain_phases_total", ",phase=\"drained\""), "1");
  });
}

TEST(MetricsObserver, CountsWhatTheServerItselfRefuses) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.requests_max = 1;
    options.queued_requests_max = 1;
    options.header_timeout = std::chrono::seconds(1);
    Event go;
    Counted site(ctx, [&](ResponseWriter&, Request& r) { return go.Wait(r.Ctx()); }, options);
    Client busy(ctx, site.server.Bound()), waits(ctx, site.server.Bound()), refused(ctx, site.server.Bound());
    busy.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    waits.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    EXPECT_EQ(site.Value("weft_server_requests"), "1");
    EXPECT_EQ(site.Value("weft_server_queued_requests"), "1");
    EXPECT_EQ(refused.Get("/").status, 503);
    Client bad(ctx, site.server.Bound());
    bad.Send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    EXPECT_EQ(bad.ReadResponse().status, 400);
    Client slow(ctx, site.server.Bound());
    slow.Send("GET / HTTP/1.1\r\n");
    EXPECT_EQ(slow.ReadResponse().status, 408);
    go.Set();
    busy.ReadResponse();
    waits.ReadResponse();

    Recorder page;
    page.Serve(site.metrics.Serve(), RequestBuilder());
    for (const char* status : {"503", "400", "408"}) {
      const std::string series = std::string("weft_server_requests_refused_total{server=\"api\",http_response_status_code=\"") + status;
      const std::size_t at = page.Body().find(series);
      ASSERT_NE(at, std::string::npos) << status << "\n" << page.Body();
      const std::string line = page.Body().substr(at, page.Body().find('\n', at) - at);
      EXPECT_TRUE(line.ends_with("\"} 1")) << line;
    }
    EXPECT_EQ(site.Value("weft_server_timeouts_total", ",kind=\"header\""), "1");
    EXPECT_EQ(site.Value("weft_server_limits_reached_total", ",limit=\"queued requests\""), "1");
    EXPECT_EQ(site.Value("weft_server_requests_limit"), "1");
    EXPECT_FALSE(site.server.Stop());
  });
}

TEST(MetricsObserver, CountsFailuresOfHandlers) {
  Virtually([](const Context& ctx) {
    Counted site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/begun") {
        if (Error err = w.Write("x")) return err;
        if (Error err = w.Flush()) return err;
      }
      return Error::New("disk full");
    });
    EXPECT_EQ(Client(ctx, site.server.Bound()).Get("/").status, 500);
    Client begun(ctx, site.server.Bound());
    begun.Send("GET /begun HTTP/1.1\r\nHost: test\r\n\r\n");
    (void)begun.raw().ReadToEnd(ctx);

    EXPECT_EQ(site.Value("weft_server_handlers_failed_total", ",http_response_status_code=\"500\""), "1");
    EXPECT_EQ(site.Value("weft_server_responses_aborted_total"), "1");
    EXPECT_EQ(site.Value("weft_server_out_of_memory_total"), "0");
    EXPECT_FALSE(site.server.Stop());
  });
}

TEST(MetricsObserver, CountsTheRestByWhatItIs) {
  Metrics metrics;
  MetricsObserver observer(metrics);
  const Error error = Error::New("too many open files");

  observer.OnListening({"http://127.0.0.1:80", "api"});
  observer.OnTlsFailed({"127.0.0.1:1", "no shared cipher", "api"});
  observer.OnConnectionEvicted({"127.0.0.1:1", TimeoutKind::kIdle, std::chrono::seconds(2), "api"});
  observer.OnBadProxyHeader({"127.0.0.1:1", "no PROXY header", "api"});
  observer.OnHandlerStuck({"GET /", "127.0.0.1:1", "GET", "/", std::chrono::seconds(5), {}, "api"});
  observer.OnAcceptFailed({error, false, "api"});
  observer.OnLoopStalled({"GET /", std::chrono::seconds(1), "", "api"});

  EXPECT_EQ(ValueOf(metrics, "weft_server_tls_failed_total{server=\"api\",reason=\"no shared cipher\"}"), "1");
  EXPECT_EQ(ValueOf(metrics, "weft_server_connections_evicted_total{server=\"api\",kind=\"idle\"}"), "1");
  for (const char* name : {"bad_proxy_headers", "handlers_stuck", "accepts_failed", "loop_stalls"}) {
    EXPECT_EQ(ValueOf(metrics, "weft_server_" + std::string(name) + "_total{server=\"api\"}"), "1") << name;
  }
  EXPECT_EQ(ValueOf(metrics, "weft_server_out_of_memory_total{server=\"api\"}"), "0");
}

}  // namespace
}  // namespace weft
