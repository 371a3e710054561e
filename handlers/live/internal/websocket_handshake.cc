// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/internal/websocket_handshake.h>

#include <algorithm>
#include <string_view>

#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/internal/origin.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// 16 bytes in base64.
bool IsKey(std::string_view text) {
  constexpr std::string_view kEnd = "==";
  return text.size() == 24 && text.ends_with(kEnd) && std::all_of(text.begin(), text.end() - kEnd.size(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

// Its bytes would look like frames.
bool HasBody(const Fields& fields) {
  return fields.Has("Transfer-Encoding") || fields.Get("Content-Length").find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

// A client cannot send the fields of an upgrade over HTTP/2 itself (RFC 9113 section 8.2.2).
bool IsExtendedConnect(const Request& r) { return r.Version().first == 2 && r.OffersUpgrade("websocket"); }

Error CheckHandshake(ResponseWriter& w, const Request& r) {
  if (r.Method() == "GET" && r.OffersUpgrade("websocket") && r.Header().Get("Sec-WebSocket-Version") == "13") {
    if (IsExtendedConnect(r)) return {};
    if (HasBody(r.Header())) return HttpError(400, "a handshake must not have a body");
    const std::vector<std::string_view> keys = r.Header().Values("Sec-WebSocket-Key");
    return keys.size() == 1 && IsKey(keys[0]) ? Error() : HttpError(400, "Sec-WebSocket-Key is not a valid key");
  }
  w.Header().Set("Sec-WebSocket-Version", "13");
  if (IsExtendedConnect(r)) return HttpError(400, "only version 13 of WebSocket is supported");  // 426 asks for another protocol than HTTP
  w.Header().Set("Upgrade", "websocket");
  return HttpError(426, "this resource is a WebSocket");
}

Error CheckOrigin(const Request& r, const std::vector<std::string>& origins) {
  const std::string_view origin = r.Header().Get("Origin");
  if (!r.Header().Has("Origin")) return {};
  for (const std::string& one : origins) {
    if (one == "*" || one == origin) return {};
  }
  if (origins.empty() && EqualsIgnoreCase(ParseOrigin(origin).authority, r.Host()) && !r.Host().empty()) return {};
  return HttpError(403, "pages of other origins are not allowed here");
}

void TakeBackHandshake(Fields& response) {
  for (const std::string_view name : {"Upgrade", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"}) response.Del(name);
  std::vector<std::string> rest;
  for (const std::string_view value : response.Values("Connection")) {
    if (!EqualsIgnoreCase(value, "upgrade")) rest.emplace_back(value);
  }
  response.Del("Connection");
  for (const std::string& value : rest) response.Add("Connection", value);
}

std::string ChooseProtocol(const Request& r, const std::vector<std::string>& protocols) {
  for (const std::string& protocol : protocols) {
    for (const std::string_view list : r.Header().Values("Sec-WebSocket-Protocol")) {
      if (!ForEachElement(list, [&](std::string_view offered) { return offered != protocol; })) return protocol;
    }
  }
  return {};
}

}  // namespace weft::internal
