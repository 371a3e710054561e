// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a connection over TLS, as the network may deliver them.
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weft/concurrency/group.h>

#include "tls_kit.h"

namespace weft {
namespace {

using ::testing::IsEmpty;

// The head comes in two records and the body in a third one.
TEST(TlsWire, ARequestMayBeCutAtEveryByte) {
  Virtually([](const Context& ctx) {
    const auto echo = [](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> body = r.Body().ReadAll();
      if (Error err = body.Err()) return err;
      return w.Write(*body);
    };
    Site site(ctx, echo, WithTls());
    ByHand client(ctx, site);
    ASSERT_FALSE(client.wire.Send(ctx, client.Take()));
    client.ReadFlight();
    std::size_t size = 1;
    for (std::size_t cut = 0; cut <= size; ++cut) {
      Seal(client, "POST / HTTP/1.1\r\nHo");
      Seal(client, "st: test\r\nContent-Length: 5\r\n\r\n");
      Seal(client, "hello");
      const std::string request = client.Take();
      size = request.size();

      SendInTwo(client, request, cut);

      ASSERT_THAT(ReadUntil(client, "\r\n\r\nhello"), ::testing::StartsWith("HTTP/1.1 200 OK\r\n")) << "cut at " << cut;
    }
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

// Each flight of a client is cut, and so is its request, which in TLS 1.3 leaves with the last one.
void ExpectAHandshakeMayBeCutAtEveryByte(TlsVersion version, std::size_t flights_expected) {
  Virtually([=](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    const auto context = *internal::ClientContext::Load(Trusting());
    if (version == TlsVersion::k12) SSL_CTX_set_max_proto_version(context->ctx, TLS1_2_VERSION);
    std::size_t size = 1;
    // Its length differs by the random parts of some keys: what is beyond the end is no cut.
    for (std::size_t cut = 1; cut < size + 100; ++cut) {
      ByHand client(ctx, site, context);
      std::size_t flights = 0;
      const auto send = [&] {
        const std::string flight = client.Take();
        size = std::max(size, flight.size());
        SendInTwo(client, flight, cut);
        ++flights;
      };
      while (client.step != internal::TlsSession::Step::kDone) {
        send();
        client.ReadFlight();
        ASSERT_TRUE(client.step != internal::TlsSession::Step::kFailed) << "cut at " << cut;
      }
      Seal(client, kGet);
      send();

      ASSERT_THAT(ReadUntil(client, "\r\n\r\nx"), ::testing::StartsWith("HTTP/1.1 200 OK\r\n")) << "cut at " << cut;
      ASSERT_EQ(flights, flights_expected);
    }
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

TEST(TlsWire, AHandshakeMayBeCutAtEveryByte) { ExpectAHandshakeMayBeCutAtEveryByte(TlsVersion::k13, 2); }
TEST(TlsWire, AHandshakeOfTls12MayBeCutAtEveryByte) { ExpectAHandshakeMayBeCutAtEveryByte(TlsVersion::k12, 3); }

// On threads of their own, so that a thread sanitizer sees what the loops and the reload share.
TEST(TlsWire, ReloadsAllTheTimeUnderLoad) {
  constexpr int kClients = 4;
  constexpr int kConnections = 40;
  Tls certificate = *Tls::SelfSigned({"test"});
  ServerOptions options;
  options.tls = certificate;
  options.loops = 2;
  TestServer server(Background(), Say("x"), options);
  ASSERT_FALSE(server.Bound().empty());
  std::atomic<int> responses = 0;
  std::atomic<bool> done = false;
  std::jthread reloads([&] {
    while (!done) EXPECT_FALSE(certificate.Reload());
  });

  std::vector<std::jthread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      for (int connection = 0; connection < kConnections; ++connection) {
        Result<TestClient> client = TestClient::DialTls(Background(), server.Bound(), {.server_name = "test", .insecure_skip_verify = true});
        ASSERT_TRUE(client.Ok()) << client.Err().Message();
        for (int request = 0; request < 3; ++request) {
          const Result<TestResponse> got = client->Get(Background(), "/");
          ASSERT_TRUE(got.Ok()) << got.Err().Message();
          if (got->body == "x") ++responses;
        }
      }
    });
  }
  clients.clear();
  done = true;
  reloads.join();

  EXPECT_EQ(responses, kClients * kConnections * 3);
  EXPECT_FALSE(server.Stop());
}

}  // namespace
}  // namespace weft
