// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_NET_TLS_TALK_H_
#define WEFT_TESTS_NET_TLS_TALK_H_

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/internal/tls/session.h>
#include <weft/net/internal/tls/tls_access.h>

namespace weft {

inline constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max();

// One side of a connection: a session, what it wants to send, and what it has read.
struct TlsSide {
  using Session = internal::TlsSession;

  explicit TlsSide(std::unique_ptr<Session> of) : session(std::move(of)) {}

  // Bytes of the other side, as a recv would bring them: from memory that is gone afterwards.
  void Take(std::string_view bytes);
  void Start() { step = session->Handshake({}, out); }
  void SawFin() {
    session->SawFin();
    Take({});
  }
  bool Write(std::string_view text) {
    const iovec part = internal::Part(text);
    return session->Write({&part, 1}, out);
  }
  // What it wants to send, which is then sent.
  std::string Sent() { return std::string(std::exchange(out, {}).View()); }

  std::unique_ptr<Session> session;
  internal::ByteBuffer out;
  std::string read;
  Session::Step step = Session::Step::kWantInput;
  Session::ReadState state = Session::ReadState::kWantInput;
  std::size_t room = 64 * 1024;  // for the plaintext of one Read
};

inline void TlsSide::Take(std::string_view bytes) {
  std::string gone(bytes);
  if (!session->HandshakeDone()) {
    step = session->Handshake(gone, out);
    gone.assign(gone.size(), '?');
    gone.clear();
    if (step != Session::Step::kDone) return;
  }
  std::string plain(room, '\0');
  Session::ReadResult got;
  do {
    got = session->Read(gone, plain, out);
    gone.assign(gone.size(), '?');
    gone.clear();
    read.append(plain, 0, got.size);
  } while (got.state == Session::ReadState::kMore);
  state = got.state;
}

// Carries bytes both ways, in pieces of this size, until neither side wants to send.
inline void Talk(TlsSide& a, TlsSide& b, std::size_t piece = kWhole) {
  const auto carry = [piece](TlsSide& from, TlsSide& to) {
    const std::string bytes = from.Sent();
    for (std::string_view left = bytes; !left.empty();
         left.remove_prefix(std::min(piece, left.size())))
      to.Take(left.substr(0, piece));
    return !bytes.empty();
  };
  for (bool moved = true; moved;) {
    moved = carry(a, b);
    moved = carry(b, a) || moved;
  }
}

inline std::shared_ptr<const internal::ClientContext> LoadClient(const TlsClientOptions& options) {
  Result<std::shared_ptr<const internal::ClientContext>> context =
      internal::ClientContext::Load(options);
  EXPECT_TRUE(context.Ok()) << context.Err().Message();
  return *context;
}

// A client that talks to everybody.
inline std::shared_ptr<const internal::ClientContext> AnyClient() {
  return LoadClient({.insecure_skip_verify = true});
}

// A connection of the library with itself, whose handshake has been carried as far as it goes.
struct TlsConnection {
  TlsSide client;
  TlsSide server;

  bool Done() const { return client.session->HandshakeDone() && server.session->HandshakeDone(); }
};

struct ConnectOptions {
  std::string host = "localhost";
  const internal::AlpnList* client_alpn = nullptr;
  const internal::AlpnList* server_alpn = nullptr;
  internal::TlsSession::Ticket ticket = nullptr;
  std::size_t piece = kWhole;
};

inline TlsConnection Connect(const Tls& tls, std::shared_ptr<const internal::ClientContext> client,
                             ConnectOptions options = {}) {
  static const internal::AlpnList none;
  auto session = internal::TlsSession::Client(
      std::move(client), options.host, options.client_alpn != nullptr ? *options.client_alpn : none,
      std::move(options.ticket));
  EXPECT_TRUE(session.Ok()) << session.Err().Message();
  TlsConnection connection{TlsSide(*std::move(session)),
                           TlsSide(internal::TlsSession::Server(internal::TlsAccess::Current(tls),
                                                                options.server_alpn))};
  connection.client.Start();
  Talk(connection.client, connection.server, options.piece);
  return connection;
}

inline Tls LoadTls(TlsServerOptions options) {
  Result<Tls> tls = Tls::Load(std::move(options));
  EXPECT_TRUE(tls.Ok()) << tls.Err().Message();
  return *tls;
}

inline Tls LocalTls() {
  Result<Tls> tls = Tls::SelfSigned({"localhost"});
  EXPECT_TRUE(tls.Ok()) << tls.Err().Message();
  return *tls;
}

}  // namespace weft

#endif  // WEFT_TESTS_NET_TLS_TALK_H_
