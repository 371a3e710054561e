// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_TLS_KIT_H_
#define WEFT_TESTS_SERVER_TLS_KIT_H_

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <weft/net/internal/address.h>
#include <weft/net/internal/connect.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/internal/tls/session.h>
#include <weft/server/internal/test_wire.h>

#include "server_kit.h"

namespace weft {

inline ServerOptions WithTls(ServerOptions options = {}) {
  options.tls = TestCertificate();
  return options;
}

inline TlsClientOptions Trusting() { return {.ca_pem = TestCertificate().Certificates().front().pem, .server_name = "test"}; }

inline TestClient Connected(const Context& ctx, const Site& site) { return *TestClient::DialTls(ctx, site.server().Bound(), Trusting()); }

// A client whose bytes the test sends itself.
struct ByHand {
  ByHand(const Context& c, const Site& site) : ByHand(c, site, *internal::ClientContext::Load(Trusting())) {}
  ByHand(const Context& c, const Site& site, std::shared_ptr<const internal::ClientContext> context)
      : ctx(c), wire(*TestClient::Dial(c, site.server().Bound())) {
    session = *internal::TlsSession::Client(std::move(context), "test", alpn);
    step = session->Handshake({}, out);
  }
  std::string Take() { return std::string(std::exchange(out, {}).View()); }
  // Reads until the server waits for the rest of the handshake.
  void ReadFlight() {
    while (step == internal::TlsSession::Step::kWantInput && out.empty()) {
      const Result<std::string> came = wire.ReadSome(ctx);
      ASSERT_TRUE(came.Ok() && !came->empty());
      step = session->Handshake(*came, out);
    }
  }

  const Context& ctx;
  TestClient wire;
  const internal::AlpnList alpn{"http/1.1"};
  std::unique_ptr<internal::TlsSession> session;
  internal::ByteBuffer out;
  internal::TlsSession::Step step;
};

// A client that has sent `bytes` in two pieces, which the server sees apart.
inline void SendInTwo(ByHand& client, std::string_view bytes, std::size_t cut) {
  cut = std::min(cut, bytes.size());
  ASSERT_FALSE(client.wire.Send(client.ctx, bytes.substr(0, cut)));
  (void)Sleep(client.ctx, std::chrono::milliseconds(1));
  ASSERT_FALSE(client.wire.Send(client.ctx, bytes.substr(cut)));
}

inline std::string ReadUntil(ByHand& client, std::string_view end) {
  std::string text;
  while (!text.ends_with(end)) {
    const Result<std::string> came = client.wire.ReadSome(client.ctx);
    if (!came.Ok() || came->empty()) return text + " and then the end";
    std::string plain(came->size(), '\0');
    text.append(plain, 0, client.session->Read(*came, plain, client.out).size);
  }
  return text;
}

inline void Seal(ByHand& client, std::string_view text) {
  const iovec part = internal::Part(text);
  ASSERT_TRUE(client.session->Write({&part, 1}, client.out));
}

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_TLS_KIT_H_
