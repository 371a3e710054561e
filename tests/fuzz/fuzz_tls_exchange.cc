// SPDX-License-Identifier: Apache-2.0
//
// The real server over TLS. The client is the library itself: it puts the input into records as it likes, and all that it sends,
// from the first byte of the handshake on, comes to the server cut anywhere.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/time.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/internal/tls/session.h>
#include <weft/net/tls.h>

#include "exchange.h"
#include "fuzz.h"

namespace weft::fuzz {
namespace {

using internal::ByteBuffer;
using internal::TlsSession;

std::string Taken(ByteBuffer& out) {
  std::string text(out.View());
  out.Clear();
  return text;
}

class TlsTalk {
 public:
  TlsTalk(const Context& ctx, const TestServer& server) : ctx_(ctx), wire_(*TestClient::Dial(ctx, server.Bound())) {
    static const auto context = *internal::ClientContext::Load({.insecure_skip_verify = true});
    session_ = *TlsSession::Client(context, "localhost", protocols_);
  }

  void Handshake() {
    ByteBuffer out;
    std::string came;
    for (;;) {
      const TlsSession::Step step = session_->Handshake(came, out);
      SendCut(Taken(out));
      if (step == TlsSession::Step::kDone) return;
      FUZZ_CHECK(step == TlsSession::Step::kWantInput, "the library connects to itself");
      came = *wire_.ReadSome(ctx_);
      FUZZ_CHECK(!came.empty(), "the server goes on with a handshake");
    }
  }

  void SendInRecords(std::string_view text) {
    Pieces records(text, Pieces::How::kRandom);
    ByteBuffer out;
    for (std::string_view record; records.Next(record);) {
      const iovec part = internal::Part(record);
      FUZZ_CHECK(session_->Write({&part, 1}, out), "a client writes");
    }
    session_->Finish(out);
    SendCut(Taken(out));
    wire_.CloseSend();
  }

  std::string ReadToEnd() {
    std::string text;
    for (;;) {
      const Result<std::string> came = wire_.ReadSome(ctx_);
      FUZZ_CHECK(came.Ok(), "the server ends the connection in good order");
      if (came->empty()) session_->SawFin();
      if (!Read(*came, text)) return text;
    }
  }

 private:
  // One piece after the other, with time for the server between them.
  void SendCut(const std::string& bytes) {
    Pieces pieces(bytes, Pieces::How::kRandom);
    for (std::string_view piece; pieces.Next(piece);) {
      if (wire_.Send(ctx_, piece)) return;  // the server has rejected it already
      (void)Sleep(ctx_, std::chrono::microseconds(1));
    }
  }

  bool Read(std::string_view came, std::string& text) {
    char room[4096];
    ByteBuffer out;
    for (;;) {
      const TlsSession::ReadResult got = session_->Read(std::exchange(came, {}), room, out);
      text.append(room, got.size);
      if (got.state == TlsSession::ReadState::kMore) continue;
      if (got.state == TlsSession::ReadState::kWantInput) return true;
      FUZZ_CHECK(got.state == TlsSession::ReadState::kEnded, "the server's records are good");
      FUZZ_CHECK(session_->Ended() == TlsSession::PeerEnd::kCloseNotify, "the server says that this is the end");
      return false;
    }
  }

  const Context& ctx_;
  TestClient wire_;
  const internal::AlpnList protocols_{"http/1.1"};
  std::unique_ptr<TlsSession> session_;
};

std::string SendOverTls(const Context& ctx, const TestServer& server, std::string_view bytes) {
  TlsTalk talk(ctx, server);
  talk.Handshake();
  talk.SendInRecords(bytes);
  return talk.ReadToEnd();
}

ServerOptions WithTls() {
  static const Tls tls = *Tls::SelfSigned({"localhost"});
  ServerOptions options;
  options.tls = tls;
  return options;
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::fuzz;
  CheckExchange({reinterpret_cast<const char*>(data), size}, SendOverTls, WithTls());
  return 0;
}
