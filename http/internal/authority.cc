// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/authority.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstring>

#include <weft/http/internal/char_class.h>

namespace weft::internal {
namespace {

bool IsIpv6(std::string_view text) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return false;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  in6_addr address;
  return inet_pton(AF_INET6, copy, &address) == 1;
}

bool IsPort(std::string_view digits) {
  // Leading zeros are allowed by the grammar, but five digits are enough for every port.
  if (digits.size() > 5) return false;
  unsigned port = 0;
  for (char c : digits) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65535;
}

// The end of the host at the start of `text`, or npos if there is no valid one.
std::size_t HostEnd(std::string_view text) {
  if (text.empty()) return std::string_view::npos;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !IsIpv6(text.substr(1, close - 1))) return std::string_view::npos;
    return close + 1;
  }
  bool escaped = false;
  std::size_t end = 0;
  // Four at a time while possible: the Host of every request passes through here.
  while (text.size() - end >= 4 &&
         (ClassOf(text[end]) & ClassOf(text[end + 1]) & ClassOf(text[end + 2]) & ClassOf(text[end + 3]) & kHostChar) != 0) {
    end += 4;
  }
  for (; end < text.size() && text[end] != ':'; ++end) {
    if (Is(text[end], kHostChar)) continue;
    if (text[end] != '%') return std::string_view::npos;
    escaped = true;
  }
  if (end == 0 || (escaped && !HasGoodEscapes(text.substr(0, end)))) return std::string_view::npos;
  return end;
}

}  // namespace

bool IsAuthority(std::string_view text) {
  const std::size_t end = HostEnd(text);
  if (end == std::string_view::npos) return false;
  return end == text.size() || (text[end] == ':' && IsPort(text.substr(end + 1)));
}

bool IsAuthorityWithPort(std::string_view text) {
  const std::size_t end = HostEnd(text);
  if (end == std::string_view::npos || end + 1 >= text.size()) return false;
  return text[end] == ':' && IsPort(text.substr(end + 1));
}

bool HasGoodEscapes(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
    if (at + 2 >= text.size() || !Is(text[at + 1], kHexChar) || !Is(text[at + 2], kHexChar)) return false;
    if (text[at + 1] == '0' && text[at + 2] == '0') return false;
  }
  return true;
}

}  // namespace weft::internal
