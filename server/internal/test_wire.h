// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_TEST_WIRE_H_
#define WEFT_SERVER_INTERNAL_TEST_WIRE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/tls/session.h>
#include <weft/net/tls_options.h>
#include <weft/server/internal/test_http2.h>

namespace weft::internal {

// The socket of a TestClient, with or without TLS above it. It owns the descriptor. A wait for the server does not
// stop virtual time: what the server writes is there at once, and its timeouts must pass meanwhile.
class TestWire {
 public:
  explicit TestWire(Fd fd) : fd_(std::move(fd)) {}

  // Called first, if at all: the handshake, in which the server must prove that it is `host`. `http2`: both will speak HTTP/2.
  Error StartTls(const Context& ctx, const std::string& host, const TlsClientOptions& options, bool http2 = false);
  // Called next, if at all: what is sent and received as text becomes frames on the wire (TestHttp2).
  Error StartHttp2(const Context& ctx);

  Error Send(const Context& ctx, std::string_view bytes);
  // At least one byte; 0 at the end of the server's side.
  Result<std::size_t> Receive(const Context& ctx, std::span<char> buffer);
  // The server sees the end of what is sent: with TLS by a close_notify, and then the FIN.
  void CloseSend();
  void Close() { fd_.Close(); }
  void Reset();
  int Descriptor() const { return fd_.Get(); }
  // Null without TLS.
  const TlsInfo* Tls() { return session_ != nullptr ? &session_->Info() : nullptr; }
  // How the server's side has ended, for those who have read to its end.
  bool SawCloseNotify() const { return session_ != nullptr && session_->Ended() == TlsSession::PeerEnd::kCloseNotify; }

 private:
  Error SendRaw(const Context& ctx, std::string_view bytes);
  Error SendSealed(const Context& ctx);
  Error SendBytes(const Context& ctx, std::string_view bytes);
  Error SendFrames(const Context& ctx);
  Result<std::size_t> ReceiveBytes(const Context& ctx, std::span<char> buffer);
  Error ReceiveFrames(const Context& ctx);
  Result<std::size_t> ReceiveRaw(const Context& ctx, std::span<char> buffer);

  Fd fd_;
  std::unique_ptr<TlsSession> session_;
  std::unique_ptr<TestHttp2> http2_;
  std::string text_;         // of responses, that was not asked for
  bool end_seen_ = false;    // of the server's side
  bool receiving_ = false;   // some fiber is
  ByteBuffer sealed_;  // to be sent
  std::unique_ptr<char[]> received_;
  bool sending_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_TEST_WIRE_H_
