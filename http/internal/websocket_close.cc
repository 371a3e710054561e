// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_close.h>

namespace weft::internal {

std::string_view CutReason(std::string_view reason) noexcept {
  if (reason.size() <= kCloseReasonMax) return reason;
  std::size_t end = kCloseReasonMax;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return reason.substr(0, end);
}

std::string ClosePayload(int code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return payload.append(CutReason(reason));
}

}  // namespace weft::internal
