// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_WEBSOCKET_WIRE_H_
#define WEFT_TESTS_SERVER_WEBSOCKET_WIRE_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http2_kit.h"
#include "server_kit.h"

namespace weft {

// The bytes of a WebSocket, as its client sends and gets them.
class WebSocketWire {
 public:
  virtual ~WebSocketWire() = default;
  virtual void Send(std::string_view bytes) = 0;
  // So many bytes of the server; fewer at the end of the stream.
  virtual std::string Bytes(std::size_t count) = 0;
  virtual int Status() const = 0;
  // The connection closes.
  virtual void Leave() = 0;
};

class Http1WebSocketWire final : public WebSocketWire {
 public:
  // After the handshake.
  Http1WebSocketWire(const Context& ctx, Client client) : ctx_(ctx), client_(std::move(client)) {}

  void Send(std::string_view bytes) override { client_.Send(bytes); }
  std::string Bytes(std::size_t count) override {
    const Result<std::string> bytes = client_.raw().ReadCount(ctx_, count);
    return bytes.Ok() ? *bytes : std::string();
  }
  int Status() const override { return 101; }
  void Leave() override {}  // the server has closed it

 private:
  const Context ctx_;
  Client client_;
};

// A stream of HTTP/2 (RFC 8441). The client keeps within the windows of the server, opens its own as it reads, answers PING, and ends its side
// when the server has ended. Several may share a connection if one reads at a time: each keeps what comes for itself, and passes over the rest.
class Http2WebSocketWire final : public WebSocketWire {
 public:
  // Opens it, and waits for the response.
  Http2WebSocketWire(const Context& ctx, std::shared_ptr<RawHttp2> connection, std::uint32_t stream, std::string_view target,
                     std::vector<Fields::Field> more = {})
      : ctx_(ctx), connection_(std::move(connection)), stream_(stream) {
    connection_->Send(h2::Headers(stream, HandshakeFields(target, std::move(more)), /*end=*/false));
    while (status_ == 0 && Pull()) {
    }
  }

  static std::vector<Fields::Field> HandshakeFields(std::string_view target, std::vector<Fields::Field> more = {}) {
    std::vector<Fields::Field> fields{{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", target}, {":authority", "h.test"}};
    const bool versioned = std::any_of(more.begin(), more.end(), [](const Fields::Field& field) { return field.name == "sec-websocket-version"; });
    if (!versioned) fields.emplace_back("sec-websocket-version", "13");
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }

  void Send(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto room = static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(window_, connection_window_)));
      const std::string_view piece = bytes.substr(0, std::min<std::size_t>(room, 16384));
      if (piece.empty()) {
        if (!Pull()) return;
        continue;
      }
      window_ -= static_cast<std::int64_t>(piece.size());
      connection_window_ -= static_cast<std::int64_t>(piece.size());
      connection_->Send(h2::Data(stream_, piece));
      bytes.remove_prefix(piece.size());
    }
  }
  std::string Bytes(std::size_t count) override {
    while (got_.size() < count && Pull()) {
    }
    std::string bytes = got_.substr(0, count);
    got_.erase(0, bytes.size());
    return bytes;
  }
  int Status() const override { return status_; }
  void Leave() override {
    ended_ = true;
    connection_.reset();
  }
  const h2::FieldDecoder::List& Head() const { return head_; }
  std::string_view Header(std::string_view name) const {
    for (const auto& [n, value] : head_) {
      if (n == name) return value;
    }
    return {};
  }
  // The server has ended its side in good order.
  bool EndedWell() const { return ended_well_; }
  RawHttp2& connection() { return *connection_; }

 private:
  // The next frame; false once the stream has ended.
  bool Pull() {
    if (ended_) return false;
    const std::optional<h2::SeenFrame> frame = connection_->Next();
    if (!frame) {
      ended_ = true;
      return false;
    }
    const std::uint32_t stream = frame->header.stream;
    switch (frame->header.type) {
      case h2::frame_type::kHeaders: NoteHead(*frame); break;
      case h2::frame_type::kData: NoteData(*frame); break;
      case h2::frame_type::kReset: ended_ = ended_ || stream == stream_; break;
      case h2::frame_type::kWindowUpdate: (stream == 0 ? connection_window_ : window_) += frame->Number(); break;
      case h2::frame_type::kPing:
        if (frame->header.flags == 0) connection_->Pong(*frame);
        break;
      default: break;
    }
    return !ended_;
  }
  void NoteHead(const h2::SeenFrame& frame) {
    h2::FieldDecoder::List list = connection_->Decode(frame);
    if (frame.header.stream != stream_) return;
    head_ = std::move(list);
    status_ = std::atoi(std::string(Header(":status")).c_str());
    NoteEnd(frame);
  }
  void NoteData(const h2::SeenFrame& frame) {
    if (frame.header.stream != stream_) return;
    got_ += frame.payload;
    if (frame.header.length > 0) {
      SendQuietly(h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, frame.header.length) +
                  h2::NumberFrame(h2::frame_type::kWindowUpdate, stream_, frame.header.length));
    }
    NoteEnd(frame);
  }
  void NoteEnd(const h2::SeenFrame& frame) {
    if ((frame.header.flags & h2::frame_flag::kEndStream) == 0) return;
    ended_ = ended_well_ = true;
    SendQuietly(h2::Data(stream_, {}, /*end=*/true));
  }
  // The server may be gone.
  void SendQuietly(std::string_view bytes) { static_cast<void>(connection_->raw().Send(ctx_, bytes)); }

  const Context ctx_;
  std::shared_ptr<RawHttp2> connection_;
  const std::uint32_t stream_;
  int status_ = 0;
  h2::FieldDecoder::List head_;
  std::string got_;
  bool ended_ = false;
  bool ended_well_ = false;
  std::int64_t window_ = 65535;  // RFC 9113 section 6.9.2
  std::int64_t connection_window_ = 65535;
};

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_WEBSOCKET_WIRE_H_
