// SPDX-License-Identifier: Apache-2.0
//
// The client over HTTP/2 on a network that cuts, resets, half-closes and stops, anywhere in the handshake, the frames of a request and those of
// its response: each request has its response or an Error that is true, and the next one finds its way.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/net/tls.h>
#include <weft/server/testing.h>

#include "../kit/run.h"
#include "../kit/sanitized.h"
#include "fault_proxy.h"
#include "http_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;
using Way = Fault::Way;

// A server that counts on what it has acted, and knows nothing of the faults.
struct CountingSite {
  explicit CountingSite(const Context& ctx) : server(ctx, [this](ResponseWriter& w, Request& r) -> Error {
    const Result<std::string> body = r.Body().ReadAll();
    if (Error err = body.Err()) return err;
    ++acted[std::string(r.Path())];
    return w.Write(std::string(r.Path()) + *body);
  }, Options()) {}
  ServerOptions Options() const {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.tls = tls;
    return options;
  }
  std::uint16_t Port() const { return static_cast<std::uint16_t>(std::stoi(server.Bound().substr(server.Bound().rfind(':') + 1))); }
  HttpClientOptions ClientOptions() const {
    HttpClientOptions options;
    options.http2 = true;
    options.tls.ca_pem = tls.Certificates()[0].pem;
    return options;
  }

  const Tls tls = *Tls::SelfSigned({"127.0.0.1"});
  std::map<std::string, int> acted;
  TestServer server;
};

// The first connection has the fault; two requests share it. The third one comes after them.
void Play(const Context& ctx, CountingSite& site, HttpClientOptions options, const Fault& fault) {
  const std::string trace = std::to_string(static_cast<int>(fault.kind)) + (fault.way == Way::kToServer ? " to the server, " : " to the client, ") + std::to_string(fault.after);
  SCOPED_TRACE(trace);
  site.acted.clear();
  FaultProxy proxy(ctx, site.Port(), [&](int connection) { return connection == 0 ? fault : Fault{}; });
  HttpClient client(std::move(options));
  Group group(ctx);
  for (const std::string path : {"/a", "/b"}) {
    group.Go("request", [&, path](const Context& c) {
      Result<ClientResponse> response = client.Post(c, "https" + proxy.Url(path).substr(4), "text/plain", std::string(300, 'x'));
      const Result<std::string> body = response.Ok() ? response->ReadAll(c) : Result<std::string>(response.Err());
      if (body.Ok()) {
        EXPECT_EQ(*body, path + std::string(300, 'x'));
        EXPECT_EQ(site.acted[path], 1);
        return;
      }
      const ClientFailure* const failure = body.Err().As<ClientFailure>();
      ASSERT_NE(failure, nullptr) << body.Err().Message();
      EXPECT_LE(site.acted[path], failure->processed ? 1 : 0) << body.Err().Message();
    });
  }
  EXPECT_FALSE(group.Wait());
  Result<ClientResponse> next = client.Post(ctx, "https" + proxy.Url("/next").substr(4), "text/plain", "!");
  // A connection that has just been cut may be found out only now, and a POST is not sent again.
  if (!next.Ok()) next = client.Post(ctx, "https" + proxy.Url("/next").substr(4), "text/plain", "!");
  ASSERT_TRUE(next.Ok()) << next.Err().Message();
  EXPECT_EQ(*next->ReadAll(ctx), "/next!");
}

constexpr std::size_t kMost = 2700;  // no less than what goes either way

TEST(Http2Faults, CutsAnywhere) {
  OnLoops(1, [](const Context& ctx) {
    CountingSite site(ctx);
    for (std::size_t after = 1; after < kMost; after += kSanitized ? 307 : 61) {
      for (const Way way : {Way::kToServer, Way::kToClient}) {
        for (const Kind kind : {Kind::kClose, Kind::kReset, Kind::kHalfClose}) Play(ctx, site, site.ClientOptions(), {.kind = kind, .way = way, .after = after});
      }
    }
  });
}

// Nobody is told: only the limits of the client end it.
TEST(Http2Faults, StopsAnywhere) {
  OnLoops(1, [](const Context& ctx) {
    CountingSite site(ctx);
    HttpClientOptions options = site.ClientOptions();
    options.connect_timeout = 300ms;
    options.ping_after = 30ms;
    for (std::size_t after = 1; after < kMost; after += kSanitized ? 531 : 177) {
      for (const Way way : {Way::kToServer, Way::kToClient}) Play(ctx, site, options, {.kind = Kind::kStop, .way = way, .after = after});
    }
  });
}

TEST(Http2Faults, DelaysEveryByte) {
  OnLoops(1, [](const Context& ctx) {
    CountingSite site(ctx);
    Play(ctx, site, site.ClientOptions(), {.kind = Kind::kClose, .way = Way::kToClient, .after = 1'000'000, .piece = 1, .delay = 10us});
    Play(ctx, site, site.ClientOptions(), {.kind = Kind::kClose, .way = Way::kToServer, .after = 1'000'000, .piece = 1, .delay = 10us});
    EXPECT_EQ(site.acted["/next"], 1);
  });
}

}  // namespace
}  // namespace weft
