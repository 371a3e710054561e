// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/copy.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>
#include <weft/net/tls.h>
#include <weft/server/test_network.h>

#include "../kit/run.h"
#include "../net/tls_certificates.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

Error EchoWithPeer(ResponseWriter& w, Request& r) {
  const Result<std::string> body = r.Body().ReadAll();
  if (Error err = body.Err()) return err;
  w.Header().Set("X-Secure", r.Secure() ? "yes" : "no");
  w.Header().Set("X-Client", r.Tls() != nullptr && r.Tls()->peer_certificate ? r.Tls()->peer_certificate->subject : "nobody");
  return w.Write(*body);
}

ServerOptions Secure(const Tls& tls) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.tls = tls;
  options.body_bytes_max = 10'000'000;
  return options;
}

HttpClientOptions Trusting(const Tls& tls) {
  HttpClientOptions options;
  options.tls.ca_pem = tls.Certificates()[0].pem;
  return options;
}

TEST(HttpClientTls, TalksAndKeepsTheConnection) {
  OnLoops(2, [](const Context& ctx) {
    const Tls tls = *Tls::SelfSigned({"127.0.0.1"});
    TestServer server(ctx, &EchoWithPeer, Secure(tls));
    HttpClient client(Trusting(tls));
    for (const std::size_t size : {1u, 100'000u, 5'000'000u}) {
      Result<ClientResponse> response = client.Post(ctx, server.Bound() + "/", "text/plain", std::string(size, 'x'));
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Header().Get("X-Secure"), "yes");
      EXPECT_NE(response->Tls(), nullptr);
      const Result<std::string> body = response->ReadAll(ctx);
      ASSERT_TRUE(body.Ok()) << body.Err().Message();
      EXPECT_EQ(body->size(), size);
    }
    EXPECT_EQ(client.Stats().opened, 1u);
    EXPECT_EQ(client.Stats().idle, 1u);
  });
}

TEST(HttpClientTls, ComesBackWithATicket) {
  OnLoops(2, [](const Context& ctx) {
    const Tls tls = *Tls::SelfSigned({"127.0.0.1"});
    TestServer server(ctx, &EchoWithPeer, Secure(tls));
    HttpClientOptions options = Trusting(tls);
    options.idle_per_origin_max = 0;
    HttpClient client(options);
    for (int i = 0; i < 2; ++i) {
      Result<ClientResponse> response = client.Post(ctx, server.Bound() + "/", "text/plain", std::string(100'000, 'x'));
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Tls()->resumed, i > 0) << i;
      EXPECT_TRUE(response->ReadAll(ctx).Ok());
    }
    EXPECT_EQ(client.Stats().opened, 2u);
  });
}

TEST(HttpClientTls, TrustsNobodyElse) {
  OnLoops(2, [](const Context& ctx) {
    const Tls tls = *Tls::SelfSigned({"127.0.0.1"});
    const Tls other = *Tls::SelfSigned({"127.0.0.1"});
    const Tls named = *Tls::SelfSigned({"users.internal"});
    TestServer server(ctx, &EchoWithPeer, Secure(tls));
    TestServer misnamed(ctx, &EchoWithPeer, Secure(named));
    HttpClient system;
    HttpClient wrong(Trusting(other));
    HttpClient by_name(Trusting(named));
    HttpClientOptions called = Trusting(named);
    called.tls.server_name = "users.internal";
    HttpClient by_other_name(called);
    HttpClient anybody({.tls = {.insecure_skip_verify = true}});
    ExpectFailure(system.Get(ctx, server.Bound()).Err(), ClientFailure::kTls, false);
    ExpectFailure(wrong.Get(ctx, server.Bound()).Err(), ClientFailure::kTls, false);
    const Error err = by_name.Get(ctx, misnamed.Bound()).Err();
    ExpectFailure(err, ClientFailure::kTls, false);
    EXPECT_NE(err.Message().find("mismatch"), std::string::npos) << err.Message();
    EXPECT_TRUE(by_other_name.Get(ctx, misnamed.Bound()).Ok());
    EXPECT_TRUE(anybody.Get(ctx, server.Bound()).Ok());
  });
}

TEST(HttpClientTls, PresentsItsCertificateToAServerThatAsks) {
  OnLoops(2, [](const Context& ctx) {
    const TlsCertificate ca = MakeCertificate({.common_name = "test CA", .ca = true});
    const TlsCertificate own = MakeCertificate({.alternatives = {"IP:127.0.0.1"}, .issuer = &ca});
    const Tls tls = *Tls::Load({.certificates = {own}, .client_ca_pem = ca.certificate_pem, .client_auth = ClientAuth::kRequire});
    TestServer server(ctx, &EchoWithPeer, Secure(tls));
    HttpClientOptions options;
    options.tls.ca_pem = ca.certificate_pem;
    HttpClient nobody(options);
    options.tls.certificate = MakeCertificate({.common_name = "billing", .issuer = &ca});
    HttpClient billing(options);
    options.tls.certificate = MakeCertificate({.common_name = "billing"});
    HttpClient stranger(options);

    Result<ClientResponse> response = billing.Get(ctx, server.Bound());
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_NE(response->Header().Get("X-Client").find("billing"), std::string_view::npos) << response->Header().Get("X-Client");
    // Over TLS 1.3 a client learns that only after its own part of the handshake.
    for (HttpClient* const refused : {&nobody, &stranger}) {
      const Error err = refused->Get(ctx, server.Bound()).Err();
      EXPECT_NE(err.As<ClientFailure>(), nullptr) << err.Message();
    }
  });
}

TEST(HttpClientTls, PlainPeersAreNoTls) {
  OnLoops(2, [](const Context& ctx) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    TestServer plain(ctx, &EchoWithPeer, options);
    HttpClient client;
    ExpectFailure(client.Get(ctx, "https" + plain.Bound().substr(4)).Err(), ClientFailure::kTls, false);
  });
}

// A certificate file that is not there: the first request says so, and the client works again once it is.
TEST(HttpClientTls, OptionsThatCannotBeLoadedFailTheRequest) {
  OnLoops(2, [](const Context& ctx) {
    HttpClient client({.tls = {.ca_file = "/nonexistent/ca.pem"}});
    const Error err = client.Get(ctx, "https://127.0.0.1:1/").Err();
    ExpectFailure(err, ClientFailure::kTls, false);
    EXPECT_NE(err.Message().find("/nonexistent/ca.pem"), std::string::npos) << err.Message();
  });
}

TEST(HttpClientTls, OverADialledStreamOnVirtualTime) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestNetwork network(ctx);
    network.Serve("https://users.internal", &EchoWithPeer);
    HttpClient client(network.ClientOptions());
    for (int i = 0; i < 3; ++i) {
      Result<ClientResponse> response = client.Post(ctx, "https://users.internal/", "text/plain", std::string(1'000'000, 'x'));
      if (Error failed = response.Err()) return failed;
      EXPECT_EQ(response->Header().Get("X-Secure"), "yes");
      const Result<std::string> body = response->ReadAll(ctx);
      if (Error failed = body.Err()) return failed;
      EXPECT_EQ(body->size(), 1'000'000u);
    }
    network.Stall("https://users.internal");
    EXPECT_TRUE(client.Get(ctx, "https://users.internal/").Err().Is(kUpstreamTimeout));
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

// Passes bytes on until nothing comes for a while; then `to` sees a FIN.
void PassWhileItSpeaks(const Context& ctx, Stream& from, Stream& to) {
  std::array<char, 4096> piece;
  for (;;) {
    const CancelScope limit = WithTimeout(ctx, 10s);
    const Result<std::size_t> n = from.Read(limit.ctx, piece);
    if (!n.Ok() || *n == 0 || to.Write(ctx, {piece.data(), *n})) break;
  }
  static_cast<void>(to.CloseWrite());
}

// A body that ends with the connection is whole only if TLS says so (RFC 9112 section 9.8): a FIN can come from anybody on the way.
TEST(HttpClientTls, ABodyUntilTheEndOfTheConnectionEndsWithTls) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    for (const bool cut : {true, false}) {
      TestNetwork network(ctx);
      network.Serve("https://users.internal", [&](ResponseWriter& w, Request& r) -> Error {
        Result<Stream> stream = w.Hijack();
        if (Error failed = stream.Err()) return failed;
        if (Error failed = stream->Write("HTTP/1.1 200 OK\r\n\r\nhello")) return failed;
        return cut ? Sleep(r.Ctx(), 1h) : stream->CloseWrite();
      });
      HttpClientOptions options = network.ClientOptions();
      const auto dial = options.dial;
      Stream server;
      RawServer between(ctx, [&](const Context& c, Stream& client, int) {
        Group both(c);
        both.Go("to the server", [&](const Context& one) { static_cast<void>(Copy(one, client, server)); });
        PassWhileItSpeaks(both.Ctx(), server, client);
        static_cast<void>(both.Wait());
      });
      options.dial = [&](const Context& c, const DialTarget& target) -> Result<Stream> {
        Result<Stream> inner = dial(c, target);
        if (Error failed = inner.Err()) return failed;
        server = *std::move(inner);
        return between.Connect();
      };
      HttpClient client(options);
      Result<ClientResponse> response = client.Get(ctx, "https://users.internal/");
      if (Error failed = response.Err()) return failed;
      const Result<std::string> body = response->ReadAll(ctx);
      if (cut) {
        ExpectFailure(body.Err(), ClientFailure::kEnded, true);
      } else {
        EXPECT_EQ(*body, "hello");
      }
    }
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClientTls, ADeadlineEndsAHandshake) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestNetwork network(ctx);
    network.Serve("https://users.internal", &EchoWithPeer);
    network.Stall("https://users.internal");
    HttpClient client(network.ClientOptions());
    const TimePoint before = Now();
    ExpectFailure(client.Get(ctx, "https://users.internal/").Err(), ClientFailure::kTimedOut, false);
    EXPECT_EQ(Now() - before, 5s);
    const CancelScope limit = WithTimeout(ctx, 1s);
    EXPECT_TRUE(client.Get(limit.ctx, "https://users.internal/").Err().Is(kDeadlineExceeded));
    EXPECT_EQ(Now() - before, 6s);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

}  // namespace
}  // namespace weft
