// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/proxy/internal/passed_fields.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// Of one connection, or of the framing of one message.
bool IsOfOneHop(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "connection", "content-length", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
      "trailer",    "transfer-encoding", "upgrade", "http2-settings"};
  for (const std::string_view each : kNames) {
    if (EqualsIgnoreCase(name, each)) return true;
  }
  return false;
}

// What only the proxy says, or responds with itself.
// Many servers take "_" for "-" (CGI).
bool IsOfTheProxy(std::string_view given) {
  std::string name(given);
  std::replace(name.begin(), name.end(), '_', '-');
  static constexpr std::array<std::string_view, 7> kNames = {"expect", "forwarded", "host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"};
  for (const std::string_view each : kNames) {
    if (EqualsIgnoreCase(name, each)) return true;
  }
  return false;
}

std::vector<std::string_view> NamedByConnection(const Fields& fields) {
  std::vector<std::string_view> names;
  if (!fields.Has("Connection")) return names;
  for (const std::string_view value : fields.Values("Connection")) {
    ForEachElement(value, [&names](std::string_view option) {
      names.push_back(option);
      return true;
    });
  }
  return names;
}

template <class Skips>
void Pass(const Fields& from, Fields& to, Skips skips) {
  const std::vector<std::string_view> named = NamedByConnection(from);
  for (const auto& [name, value] : from) {
    if (IsOfOneHop(name) || skips(name)) continue;
    bool is_named = false;
    for (const std::string_view option : named) is_named = is_named || EqualsIgnoreCase(option, name);
    if (!is_named) to.Add(name, value);
  }
}

// "192.0.2.7:50123" without its port: "192.0.2.7"; of IPv6 without the brackets.
std::string_view HostOfPeer(std::string_view peer) {
  if (peer.starts_with('[')) return peer.substr(1, peer.find(']') - 1);
  return peer.substr(0, peer.find(':'));
}

// RFC 7239 section 6: an IPv6 address is in brackets and quotes, and a peer without an address is "unknown".
std::string ForwardedFor(std::string_view peer) {
  if (peer.empty() || peer.starts_with("unix")) return "unknown";
  const std::string host(HostOfPeer(peer));
  return host.find(':') == std::string::npos ? host : "\"[" + host + "]\"";
}

}  // namespace

void PassFields(const Fields& from, Fields& to) {
  Pass(from, to, [](std::string_view) { return false; });
}

void PassRequestTrailers(const Fields& from, Fields& to) { Pass(from, to, &IsOfTheProxy); }

void PassRequestFields(const Request& r, Fields& to) {
  Pass(r.Header(), to, &IsOfTheProxy);
  for (const std::string_view value : r.Header().Values("TE")) {
    const bool without = ForEachElement(value, [](std::string_view coding) { return !EqualsIgnoreCase(coding, "trailers"); });
    if (!without) to.Set("TE", "trailers");
  }
  const std::string peer = r.Peer();
  const char* const proto = r.Secure() ? "https" : "http";
  std::string forwarded = "for=" + ForwardedFor(peer) + ";proto=" + proto;
  if (!r.Host().empty()) forwarded.append(";host=\"").append(r.Host()).append("\"");
  to.Set("Forwarded", forwarded);
  if (!peer.starts_with("unix")) to.Set("X-Forwarded-For", HostOfPeer(peer));
  if (!r.Host().empty()) to.Set("X-Forwarded-Host", r.Host());
  to.Set("X-Forwarded-Proto", proto);
}

}  // namespace weft::internal
