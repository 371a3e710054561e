// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_WEBSOCKET_CLOSE_H_
#define WEFT_HTTP_INTERNAL_WEBSOCKET_CLOSE_H_

#include <cstddef>
#include <string>
#include <string_view>

// What a close frame of a WebSocket says (RFC 6455 section 5.5.1).

namespace weft::internal {

// Whether an endpoint may send this code (RFC 6455 section 7.4 and IANA's registry): 1000 to 1003, 1007 to 1013, 3000 to 4999. 1014 was
// registered later, for gateways; clients such as Beast take it for malformed.
constexpr bool MayBeCloseCode(int code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1013) || (code >= 3000 && code <= 4999);
}

// Whether it is accepted: also above 4999, of which the RFC says nothing.
constexpr bool MayArriveAsCloseCode(int code) noexcept { return MayBeCloseCode(code) || code >= 3000; }

// At most so many bytes of a reason: a control frame has at most 125.
inline constexpr std::size_t kCloseReasonMax = 123;

// The longest prefix of UTF-8 text that is not longer than that and does not end within a character.
std::string_view CutReason(std::string_view reason) noexcept;

// The payload of a close frame. `code` may be sent, `reason` is cut.
std::string ClosePayload(int code, std::string_view reason);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_WEBSOCKET_CLOSE_H_
