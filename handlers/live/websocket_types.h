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

// The settings of AcceptWebSocket and DialWebSocket. A value that has to be above zero and is not
// aborts the process.
//
//   weft::AcceptWebSocket(w, r, {.message_bytes_max = 64 * 1024,
//                                .protocols = {"chat.v2", "chat.v1"},
//                                .origins = {"https://app.example.com"}});
struct WebSocketOptions {
  // The size of a message from the client, all its frames together. Beyond it the client gets 1009
  // and Receive fails with kTooLarge. Above zero.
  std::uint64_t message_bytes_max = 1024 * 1024;
  // A client that has sent nothing for this long while Receive waits gets a ping. If half of this
  // passes again without a byte, Receive fails with kTimeout. Above zero, or kUnlimited: never.
  Duration ping_after = std::chrono::seconds(30);
  // How long Close waits for the client's close frame.
  Duration close_timeout = std::chrono::seconds(5);
  // The subprotocols that the handler supports, the best first (Sec-WebSocket-Protocol). The first
  // of them that the client offers is chosen.
  std::vector<std::string> protocols = {};
  // The origins whose pages may connect: "https://app.example.com", compared exactly; "*": all.
  // Empty: only pages of this host. A list replaces that rule, so it names this host's own origin,
  // too. Browsers send cookies with a WebSocket from any page, so "*" is only for public data.
  // Clients that are not browsers send no Origin, and are admitted.
  std::vector<std::string> origins = {};
  // How many unsent messages an outbox holds, and how many bytes of them.
  std::size_t outbox_messages_max = 64;
  std::size_t outbox_bytes_max = 1024 * 1024;
};

// A complete message, however many frames it had.
struct WebSocketMessage {
  std::string data = {};
  bool text = true;  // UTF-8, which was checked; otherwise binary
};

// The contents of the other side's close frame.
struct WebSocketClose {
  // 1005: it gave none; 1006: it left without a close frame (RFC 6455 section 7.4.1)
  int code = 1005;
  std::string reason = {};  // UTF-8
};

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_WEBSOCKET_TYPES_H_
