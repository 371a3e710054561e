// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_WEBSOCKET_TYPES_H_
#define WEFT_HANDLERS_LIVE_WEBSOCKET_TYPES_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>

namespace weft {

struct WebSocketOptions {
  // A message from the client, all its frames together: beyond it gets 1009 and Receive fails with kTooLarge. Above zero.
  std::uint64_t message_bytes_max = 1024 * 1024;
  // A client that has sent nothing for so long while Receive waits gets a ping; if half of this passes again without a byte, Receive fails with
  // kTimeout. Above zero, or kUnlimited: never.
  Duration ping_after = std::chrono::seconds(30);
  // How long Close waits for the client's close frame.
  Duration close_timeout = std::chrono::seconds(5);
  // The subprotocols that the handler speaks, the best first (Sec-WebSocket-Protocol). The first of them that the client offers is chosen.
  std::vector<std::string> protocols = {};
  // Whose pages may connect: "https://app.example.com", compared as they are; "*": all. Empty: those of this host alone. Browsers send cookies along
  // with a WebSocket from any page, so "*" is for what anybody may see. Clients that are no browsers send no Origin, and are let in.
  std::vector<std::string> origins = {};
  // What an outbox holds that is not sent yet: messages, and their bytes.
  std::size_t outbox_messages_max = 64;
  std::size_t outbox_bytes_max = 1024 * 1024;
};

// A message, complete, however many frames it came in.
struct WebSocketMessage {
  std::string data = {};
  bool text = true;  // UTF-8, which was checked; else binary
};

// What the other side's close frame said.
struct WebSocketClose {
  int code = 1005;          // 1005: it gave none; 1006: it left without a close frame (RFC 6455 section 7.4.1)
  std::string reason = {};  // UTF-8
};

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_WEBSOCKET_TYPES_H_
