// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_close.h>

namespace weft::internal {

std::string_view CutReason(std::string_view reason) noexcept {
  if (reason.size() <= kCloseReasonMax) return reason;
  std::size_t end = kCloseReasonMax;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return reason.substr(0, end);
}

std::string CloseFrame(int code, std::string_view reason, std::optional<std::array<unsigned char, 4>> key) {
  reason = CutReason(reason);
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload.append(reason);
  std::string frame{static_cast<char>(0x88), static_cast<char>(payload.size() | (key ? 0x80u : 0u))};
  if (key) {
    for (const unsigned char byte : *key) frame.push_back(static_cast<char>(byte));
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(static_cast<unsigned char>(payload[i]) ^ (*key)[i % 4]);
  }
  return frame.append(payload);
}

}  // namespace weft::internal
