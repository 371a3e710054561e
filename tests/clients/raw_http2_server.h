// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_RAW_HTTP2_SERVER_H_
#define WEFT_TESTS_CLIENTS_RAW_HTTP2_SERVER_H_

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/clients/http/options.h>
#include <weft/concurrency/group.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/session.h>
#include <weft/net/internal/tls/tls_access.h>
#include <weft/net/tls.h>

#include "../http/http2_play.h"
#include "tcp_kit.h"

namespace weft {

namespace h2 = internal::http2;

// The server's end of a connection of HTTP/2 over TLS, of which a test writes every frame.
class Http2Peer {
 public:
  Http2Peer(const Context& ctx, const Tls& tls, TcpConnection& connection)
      : ctx_(ctx), connection_(connection), session_(internal::TlsSession::Server(internal::TlsAccess::Current(tls), &Protocols())) {}

  // The handshake, the client's preface, and SETTINGS of both, which are acknowledged. False: there was none.
  bool Begin(std::string_view settings = h2::Settings()) {
    if (!Handshake()) return false;
    Send(settings);
    while (plain_.size() < h2::kPreface.size()) {
      if (!More()) return false;
    }
    EXPECT_EQ(plain_.substr(0, h2::kPreface.size()), h2::kPreface);
    plain_.erase(0, h2::kPreface.size());
    Send(h2::Frame(h2::frame_type::kSettings, h2::frame_flag::kAck, 0));
    return true;
  }
  bool Handshake() {
    for (std::size_t came = 0;;) {
      const internal::TlsSession::Step step = session_->Handshake({received_.data(), came}, sealed_);
      Flush();
      if (step == internal::TlsSession::Step::kDone) return Take(0);
      if (step != internal::TlsSession::Step::kWantInput || !Receive(came)) return false;
    }
  }
  void Send(std::string_view bytes) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    static_cast<void>(session_->Write({&part, 1}, sealed_));
    Flush();
  }
  // The next frame; nothing at the end of the connection.
  std::optional<h2::SeenFrame> Next() {
    const auto header = [this] { return h2::FrameScanner::Parse(reinterpret_cast<const unsigned char*>(plain_.data())); };
    while (plain_.size() < h2::kFrameHeaderSize || plain_.size() < h2::kFrameHeaderSize + header().length) {
      if (!More()) return std::nullopt;
    }
    h2::SeenFrame frame{header(), plain_.substr(h2::kFrameHeaderSize, header().length)};
    plain_.erase(0, h2::kFrameHeaderSize + frame.header.length);
    if (frame.header.type == h2::frame_type::kHeaders) {
      fields.clear();
      EXPECT_TRUE(decoder_.Decode(frame.payload, fields));
    }
    return frame;
  }
  // Passes over frames up to the next one of this type.
  std::optional<h2::SeenFrame> Until(std::uint8_t type) {
    while (std::optional<h2::SeenFrame> frame = Next()) {
      if (frame->header.type == type && (type != h2::frame_type::kPing || (frame->header.flags & h2::frame_flag::kAck) != 0)) return frame;
    }
    return std::nullopt;
  }
  // The stream of the next request; 0: there is none.
  std::uint32_t Request() {
    const std::optional<h2::SeenFrame> frame = Until(h2::frame_type::kHeaders);
    return frame ? frame->header.stream : 0;
  }
  std::string_view Field(std::string_view name) const {
    for (const auto& [n, value] : fields) {
      if (n == name) return value;
    }
    return {};
  }
  // The client has nothing more to say.
  void Rest() {
    while (Next()) {
    }
  }

  h2::FieldDecoder::List fields;  // of the last HEADERS

 private:
  static const internal::AlpnList& Protocols() {
    static const internal::AlpnList all{"h2"};
    return all;
  }
  void Flush() {
    if (sealed_.empty()) return;
    static_cast<void>(connection_.stream.Write(ctx_, sealed_.View()));
    sealed_.Clear();
  }
  bool Receive(std::size_t& size) {
    const Result<std::size_t> got = connection_.stream.Read(ctx_, received_);
    size = got.Ok() ? *got : 0;
    return size > 0;
  }
  bool More() {
    std::size_t came = 0;
    return Receive(came) && Take(came);
  }
  bool Take(std::size_t came) {
    std::array<char, 16 * 1024> piece;
    for (;;) {
      const auto result = session_->Read({received_.data(), came}, piece, sealed_);
      plain_.append(piece.data(), result.size);
      Flush();
      came = 0;
      if (result.state == internal::TlsSession::ReadState::kWantInput) return true;
      if (result.state != internal::TlsSession::ReadState::kMore) return false;
    }
  }

  const Context ctx_;
  TcpConnection& connection_;
  std::unique_ptr<internal::TlsSession> session_;
  internal::ByteBuffer sealed_;
  std::array<char, 17 * 1024> received_;
  std::string plain_;
  h2::FieldDecoder decoder_;
};

// Listens on loopback and calls `serve` in a fiber for each connection, which ends with it: with a FIN, unless the test has reset it.
class RawHttp2Server {
 public:
  using Serve = std::function<void(Http2Peer&, TcpConnection&, int connection)>;

  RawHttp2Server(const Context& ctx, Serve serve) : serve_(std::move(serve)), group_(ctx) {
    group_.Go("raw server", [this](const Context& c) {
      for (int number = 0;; ++number) {
        const std::shared_ptr<internal::Fd> fd = listener_.Accept(c);
        if (!fd->IsOpen()) return;
        ++connections_;
        group_.Go("raw connection", [this, fd, number](const Context& own) {
          TcpConnection connection(std::move(*fd));
          Http2Peer peer(own, tls_, connection);
          serve_(peer, connection, number);
          connection.stream.Close();
        });
      }
    });
  }
  ~RawHttp2Server() {
    group_.Cancel();
    static_cast<void>(group_.Wait());
  }

  std::string Url(const std::string& target = "/") const { return "https" + listener_.Url(target).substr(4); }
  int Connections() const { return connections_; }
  HttpClientOptions Options() const {
    HttpClientOptions options;
    options.http2 = true;
    options.tls.ca_pem = tls_.Certificates()[0].pem;
    return options;
  }

 private:
  const Tls tls_ = *Tls::SelfSigned({"127.0.0.1"});
  TcpListener listener_;
  Serve serve_;
  int connections_ = 0;
  Group group_;
};

inline std::string ResponseOf(std::uint32_t stream, std::string_view status, std::vector<Fields::Field> more = {}, bool end = false) {
  std::vector<Fields::Field> fields{{":status", status}};
  fields.insert(fields.end(), more.begin(), more.end());
  return h2::Headers(stream, fields, end);
}

}  // namespace weft

#endif  // WEFT_TESTS_CLIENTS_RAW_HTTP2_SERVER_H_
