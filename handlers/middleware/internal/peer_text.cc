// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/peer_text.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace weft::internal {
namespace {

// "host:port" or "[host]:port" in two; the port is empty if there is none.
struct HostAndPort {
  std::string_view host = {};
  std::string_view port = {};
  bool bracketed = false;
  bool good = true;
};

HostAndPort SplitPort(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {.good = false};
    const std::string_view rest = text.substr(end + 1);
    const bool good = rest.empty() || (rest.size() > 1 && rest.front() == ':');
    return {text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1), true, good};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return {.host = text};
  }
  return {text.substr(0, colon), text.substr(colon + 1), false, colon + 1 < text.size()};
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

std::string_view AddressOfPeer(std::string_view peer) {
  return SplitPort(peer).host;
}

std::string_view NetworkOfPeer(std::string_view peer, NetworkRoom& room) {
  const std::string_view host = AddressOfPeer(peer);
  if (host.find(':') == std::string_view::npos) return host;
  in6_addr address;
  if (inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) return host;
  std::memset(address.s6_addr + 8, 0, 8);
  static constexpr std::string_view kBits = "/64";
  static_assert(std::tuple_size_v<NetworkRoom> >= INET6_ADDRSTRLEN + kBits.size());
  inet_ntop(AF_INET6, &address, room.data(), INET6_ADDRSTRLEN);
  const std::size_t size = std::strlen(room.data());
  kBits.copy(room.data() + size, kBits.size());
  return {room.data(), size + kBits.size()};
}

std::optional<ParsedPeer> ParsePeer(std::string_view text) {
  SocketAddress address;
  if (text == "unix") {
    address.any.sa_family = AF_UNIX;
    address.size = sizeof(address.any.sa_family);
    return ParsedPeer{Peer(address), false};
  }
  const HostAndPort parts = SplitPort(text);
  if (!parts.good || parts.host.find('\0') != std::string_view::npos ||
      parts.host.size() >= INET6_ADDRSTRLEN) {
    return std::nullopt;
  }
  const std::optional<std::uint16_t> port =
      parts.port.empty() ? std::uint16_t{0} : ParsePort(parts.port);
  if (!port) return std::nullopt;
  const std::string host(parts.host);
  if (!parts.bracketed && inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(*port);
    address.size = sizeof(address.v4);
  } else if (inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(*port);
    address.size = sizeof(address.v6);
  } else {
    return std::nullopt;
  }
  return ParsedPeer{Peer(address), !parts.port.empty()};
}

std::string FormatParsed(const ParsedPeer& parsed) {
  std::string text = parsed.peer.Format();
  if (!parsed.has_port && parsed.peer.Family() != AF_UNIX) {
    text.erase(std::min(text.rfind(':'), text.size()));
  }
  return text;
}

}  // namespace weft::internal
