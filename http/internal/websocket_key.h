// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_WEBSOCKET_KEY_H_
#define WEFT_HTTP_INTERNAL_WEBSOCKET_KEY_H_

#include <array>
#include <string>
#include <string_view>

// The two fields by which a client sees that a server knows WebSockets (RFC 6455 sections 4.1 and 4.2.2).

namespace weft::internal {

// What Sec-WebSocket-Key says: the bytes, which are random, in base64.
std::string WebSocketKey(const std::array<unsigned char, 16>& random);

// What Sec-WebSocket-Accept then says.
std::string WebSocketAccept(std::string_view key);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_WEBSOCKET_KEY_H_
