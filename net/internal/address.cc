// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/address.h>

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>

namespace weft::internal {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kSystemdPrefix = "systemd:";
constexpr std::string_view kForms = "HOST:PORT, :PORT, [IPV6]:PORT, unix:PATH, unix:@NAME or systemd:NAME";

Error Malformed(std::string_view text, std::string_view what) {
  std::string message = "address \"";
  message.append(text).append("\": ").append(what);
  return Error::New(std::move(message));
}

Result<ParsedAddress> ParseUnix(std::string_view text, std::string_view path) {
  ParsedAddress address;
  address.kind = ParsedAddress::Kind::kUnix;
  if (path.empty() || path == "@") return Malformed(text, "a path or @NAME is missing after unix:");
  // A path needs its NUL; an abstract name has one in front instead of the '@'.
  if (path.size() > sizeof(sockaddr_un::sun_path) - 1) return Malformed(text, "the path is longer than 107 bytes");
  if (path.find('\0') != std::string_view::npos) return Malformed(text, "the path contains a NUL byte");
  address.path = path;
  return address;
}

std::optional<std::uint16_t> ParsePort(std::string_view digits) {
  std::uint16_t port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, port);
  if (digits.empty() || failure != std::errc() || stop != end) return std::nullopt;
  return port;
}

SocketAddress AnyAddress(std::uint16_t port) {
  SocketAddress address;
  address.v6 = {};
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(port);
  address.v6.sin6_addr = in6addr_any;
  address.size = sizeof address.v6;
  return address;
}

SocketAddress UnixAddress(const std::string& path) {
  SocketAddress address;
  address.local.sun_family = AF_UNIX;
  path.copy(address.local.sun_path, sizeof address.local.sun_path - 1);
  const bool abstract = path.front() == '@';
  if (abstract) address.local.sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return address;
}

Result<SocketAddress> ResolveName(const ParsedAddress& parsed) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(parsed.host.c_str(), std::to_string(parsed.port).c_str(), &hints, &found);
  if (failure != 0) {
    const char* const why = failure == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(failure);
    return Error::New("resolve \"" + parsed.host + "\": " + why);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const addrinfo* best = found;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      best = each;
      break;
    }
  }
  SocketAddress address;
  std::memcpy(&address.local, best->ai_addr, best->ai_addrlen);
  address.size = best->ai_addrlen;
  return address;
}

std::string FormatIp(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.Family() == AF_INET) {
    inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(address.v4.sin_port));
  }
  const std::string port = ":" + std::to_string(ntohs(address.v6.sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr)) {
    inet_ntop(AF_INET, address.v6.sin6_addr.s6_addr + 12, text, sizeof text);
    return text + port;
  }
  inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]" + port;
}

// Empty for a socket without a name.
std::string FormatUnixPath(const SocketAddress& address) {
  const std::size_t size = address.size - std::min<std::size_t>(address.size, offsetof(sockaddr_un, sun_path));
  if (size == 0) return {};
  const char* const path = address.local.sun_path;
  if (path[0] == '\0') return "@" + std::string(path + 1, size - 1);
  return std::string(path, strnlen(path, size));
}

}  // namespace

Result<ParsedAddress> ParseAddress(std::string_view text) {
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) return ParseUnix(text, text.substr(kUnixPrefix.size()));
  if (text.substr(0, kSystemdPrefix.size()) == kSystemdPrefix) {
    ParsedAddress address;
    address.kind = ParsedAddress::Kind::kSystemd;
    address.passed = text.substr(kSystemdPrefix.size());
    return address;
  }
  if (text.find("://") != std::string_view::npos) {
    return Malformed(text, "this is a URL; expected " + std::string(kForms));
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || (text.back() == ']' && text.front() == '[')) {
    return Malformed(text, "no port; expected " + std::string(kForms));
  }
  std::string_view host = text.substr(0, colon);
  if (!host.empty() && host.front() == '[') {
    if (host.back() != ']') return Malformed(text, "the bracket is not closed");
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return Malformed(text, "only an IPv6 address may be in brackets");
  } else if (host.find(':') != std::string_view::npos) {
    return Malformed(text, "an IPv6 address must be in brackets, as in [::1]:8080");
  }
  if (host.find_first_of(std::string_view(" \t\r\n/\0", 6)) != std::string_view::npos) {
    return Malformed(text, "a host must not contain a blank or a slash");
  }
  const std::optional<std::uint16_t> port = ParsePort(text.substr(colon + 1));
  if (!port) return Malformed(text, "the port must be a number from 0 to 65535");
  ParsedAddress address;
  address.host = host;
  address.port = *port;
  return address;
}

Result<SocketAddress> ResolveAddress(std::string_view text) {
  Result<ParsedAddress> parsed = ParseAddress(text);
  if (Error err = parsed.Err()) return err;
  if (parsed->kind == ParsedAddress::Kind::kSystemd) return Malformed(text, "a socket that systemd passes cannot be resolved");
  if (parsed->kind == ParsedAddress::Kind::kUnix) return UnixAddress(parsed->path);
  if (parsed->host.empty()) return AnyAddress(parsed->port);
  return ResolveName(*parsed);
}

std::string FormatBound(int fd) {
  SocketAddress address;
  address.size = sizeof address.local;
  if (getsockname(fd, &address.any, &address.size) != 0) return "unknown";
  if (address.IsUnix()) return "unix:" + FormatUnixPath(address);
  return FormatIp(address);
}

std::string FormatPeer(const SocketAddress& address) {
  if (address.size == 0) return "unknown";
  if (!address.IsUnix()) return FormatIp(address);
  const std::string path = FormatUnixPath(address);
  return path.empty() ? "unix" : "unix:" + path;
}

}  // namespace weft::internal
