// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_WEBSOCKET_KIT_H_
#define WEFT_TESTS_SERVER_WEBSOCKET_KIT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <weft/handlers/live/websocket.h>

#include "server_kit.h"
#include "websocket_wire.h"

// A client that puts each byte where it wants to (RFC 6455 section 5.2), against the library's side.

namespace weft {

enum Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kCloseFrame = 8, kPing = 9, kPong = 10 };

struct FrameParts {
  std::uint8_t opcode = kText;
  std::string payload = {};
  bool fin = true;
  bool masked = true;
  std::uint8_t reserved = 0;  // the bits RSV1 to RSV3: 4, 2, 1
};

inline std::string FrameOf(const FrameParts& parts) {
  std::string frame;
  frame.push_back(static_cast<char>((parts.fin ? 0x80 : 0) | parts.reserved << 4 | parts.opcode));
  const std::size_t size = parts.payload.size();
  const int mask_bit = parts.masked ? 0x80 : 0;
  if (size < 126) {
    frame.push_back(static_cast<char>(mask_bit | static_cast<int>(size)));
  } else {
    const int bytes = size < 65536 ? 2 : 8;
    frame.push_back(static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127)));
    for (int i = bytes - 1; i >= 0; --i) frame.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i) & 0xff));
  }
  if (!parts.masked) return frame + parts.payload;
  constexpr unsigned char kKey[] = {0x37, 0xfa, 0x21, 0x3d};
  for (const unsigned char byte : kKey) frame.push_back(static_cast<char>(byte));
  for (std::size_t i = 0; i < size; ++i) frame.push_back(static_cast<char>(static_cast<unsigned char>(parts.payload[i]) ^ kKey[i % 4]));
  return frame;
}
inline std::string Text(std::string text) { return FrameOf({.opcode = kText, .payload = std::move(text)}); }
inline std::string ClosePayload(int code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}.append(reason);
}
inline std::string CloseWith(int code, std::string_view reason = {}) {
  return FrameOf({.opcode = kCloseFrame, .payload = ClosePayload(code, reason)});
}

constexpr std::string_view kSampleKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 section 1.3

inline std::string Handshake(std::string_view fields = {}, std::string_view target = "/ws") {
  return std::string("GET ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: h.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: ")
      .append(kSampleKey)
      .append("\r\n")
      .append(fields)
      .append("\r\n");
}

// The client's end, once the handshake is done: over HTTP/2 where the sites speak it, by extended CONNECT.
class WsClient {
 public:
  WsClient(const Context& ctx, const Site& site, std::string_view target = "/ws") {
    if (OverHttp2()) {
      wire_ = std::make_unique<Http2WebSocketWire>(ctx, std::make_shared<RawHttp2>(ctx, site), 1, target);
      EXPECT_EQ(wire_->Status(), 200);
    } else {
      Client client = site.Connect();
      client.Send(Handshake({}, target));
      const TestResponse response = client.ReadResponse();
      EXPECT_EQ(response.status, 101);
      EXPECT_EQ(response.Header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      wire_ = std::make_unique<Http1WebSocketWire>(ctx, std::move(client));
    }
  }
  explicit WsClient(std::unique_ptr<WebSocketWire> wire) : wire_(std::move(wire)) {}

  void Send(std::string_view bytes) { wire_->Send(bytes); }
  // One frame of the server; no opcode at the end of the stream.
  FrameParts Next() {
    FrameParts parts;
    const std::string head = Bytes(2);
    if (head.size() < 2) return {.opcode = 0xff};
    parts.fin = (head[0] & 0x80) != 0;
    parts.reserved = static_cast<std::uint8_t>(head[0] >> 4 & 7);
    parts.opcode = head[0] & 0x0f;
    parts.masked = (head[1] & 0x80) != 0;
    EXPECT_FALSE(parts.masked);
    std::uint64_t size = head[1] & 0x7f;
    if (size >= 126) {
      const std::string more = Bytes(size == 126 ? 2 : 8);
      size = 0;
      for (const char byte : more) size = size << 8 | static_cast<unsigned char>(byte);
    }
    parts.payload = Bytes(size);
    return parts;
  }
  // A whole message; what comes between its frames is control frames, which are dropped.
  std::string Message() {
    std::string all;
    for (;;) {
      FrameParts parts = Next();
      if (parts.opcode == 0xff || parts.opcode == kCloseFrame) return all + "(the end)";
      if (parts.opcode > kCloseFrame) continue;
      EXPECT_EQ(parts.opcode == kContinuation, begun_);
      all += parts.payload;
      begun_ = !parts.fin;
      if (parts.fin) return all;
    }
  }
  // The code of the next frame, which is a close frame; 0: it is none.
  int CloseCode() {
    const FrameParts parts = Next();
    if (parts.opcode != kCloseFrame || parts.payload.size() < 2) return 0;
    return static_cast<unsigned char>(parts.payload[0]) << 8 | static_cast<unsigned char>(parts.payload[1]);
  }
  // Waits for the end of the stream, in good order or by a reset; false if bytes come first.
  bool Ended() {
    if (!Bytes(1).empty()) return false;
    wire_->Leave();
    return true;
  }
  void ToEnd() {
    while (!Ended()) {
    }
  }
  WebSocketWire& wire() { return *wire_; }

 private:
  std::string Bytes(std::size_t count) { return count == 0 ? std::string() : wire_->Bytes(count); }

  std::unique_ptr<WebSocketWire> wire_;
  bool begun_ = false;
};

// Sends back what comes; in a drain it closes. Keeps why it has ended.
inline Handler EchoWebSocket(Error* outcome = nullptr, WebSocketClose* status = nullptr, WebSocketOptions options = {}) {
  return [=](ResponseWriter& w, Request& r) -> Error {
    Result<WebSocket> socket = AcceptWebSocket(w, r, options);
    if (Error err = socket.Err()) return err;
    for (;;) {
      Result<WebSocketMessage> message = socket->Receive(r.Ctx());
      if (Error err = message.Err()) {
        if (outcome != nullptr) *outcome = err;
        if (status != nullptr) *status = socket->CloseStatus();
        return err.Is(kClosed) ? Error() : err.Is(kServerClosing) ? socket->Close(1001) : err;
      }
      Error err = message->text ? socket->Send(r.Ctx(), message->data) : socket->SendBinary(r.Ctx(), message->data);
      if (err) return err;
    }
  };
}

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_WEBSOCKET_KIT_H_
