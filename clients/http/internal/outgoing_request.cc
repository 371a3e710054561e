// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/outgoing_request.h>

#include <charconv>
#include <string>

#include <weft/http/internal/authority.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

void AppendField(ByteBuffer& out, std::string_view name, std::string_view value) {
  out.Append(name);
  out.Append(": ");
  out.Append(value);
  out.Append("\r\n");
}

struct Seen {
  bool user_agent = false;
  bool upgrade = false;
};

// The options of Connection that the client does not decide. It does decide "close", and adds it where it applies.
void AppendConnection(ByteBuffer& out, std::string_view options, const Seen& seen) {
  std::string kept;
  ForEachElement(options, [&](std::string_view option) {
    if (EqualsIgnoreCase(option, "keep-alive") || (seen.upgrade && EqualsIgnoreCase(option, "upgrade"))) return true;
    kept.append(kept.empty() ? "" : ", ").append(option);
    return true;
  });
  if (!kept.empty()) AppendField(out, "Connection", kept);
}

// Those of the caller's fields that the client itself sets are left out (RFC 9112 section 6).
void AppendCallersField(ByteBuffer& out, const Fields::Field& field, const OutgoingRequest& request, Seen& seen) {
  const std::string_view name = field.name;
  if (request.propagated != nullptr && request.propagated->Has(name)) return;
  const auto is = [name](std::string_view other) { return EqualsIgnoreCase(name, other); };
  switch (name.size()) {
    case 4:
      if (!is("host")) break;
      return;
    case 6:
      if (is("expect")) return;
      if (request.without_credentials && is("cookie")) return;
      break;
    case 7:
      seen.upgrade = seen.upgrade || is("upgrade");
      break;
    case 10:
      if (is("connection")) return AppendConnection(out, field.value, seen);
      seen.user_agent = seen.user_agent || is("user-agent");
      break;
    case 13:
      if (request.without_credentials && is("authorization")) return;
      break;
    case 14:
      if (is("content-length")) return;
      break;
    case 17:
      if (is("transfer-encoding")) return;
      break;
    case 19:
      if (request.without_credentials && is("proxy-authorization")) return;
      break;
    default:
      break;
  }
  AppendField(out, name, field.value);
}

// A request whose method usually has a body says if it has none (RFC 9110 section 8.6).
bool SaysThatThereIsNoBody(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

void AppendFraming(ByteBuffer& out, const OutgoingRequest& request) {
  if (request.IsChunked()) return AppendField(out, "Transfer-Encoding", "chunked");
  const std::optional<std::uint64_t> length = AnnouncedLength(request);
  if (!length) return;
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof(digits), *length).ptr;
  AppendField(out, "Content-Length", {digits, static_cast<std::size_t>(end - digits)});
}

// With a port in any case (RFC 9110 section 9.3.6).
std::string TunnelTarget(const HttpUrl& url) {
  const std::string port = ":" + std::to_string(url.address.port);
  return url.address.IsUnix() || url.authority.ends_with(port) ? url.authority : url.authority + port;
}

}  // namespace

std::string_view HostOf(const OutgoingRequest& request) {
  const std::string_view own = request.fields != nullptr && !request.without_credentials ? request.fields->Get("Host") : std::string_view();
  return own.empty() ? std::string_view(request.url->authority) : own;
}

std::optional<std::uint64_t> AnnouncedLength(const OutgoingRequest& request) {
  if (request.IsStreamed()) return request.length;
  if (request.body == OutgoingRequest::Body::kWithout && !SaysThatThereIsNoBody(request.method)) return std::nullopt;
  return request.whole.size();
}

bool NeedsHttp1(const OutgoingRequest& request) {
  return request.method == "CONNECT" || RequestsClose(request.fields) || (request.fields != nullptr && request.fields->Has("Upgrade"));
}

bool RequestsClose(const Fields* fields) {
  if (fields == nullptr || !fields->Has("Connection")) return false;
  for (const auto& [name, value] : *fields) {
    if (!EqualsIgnoreCase(name, "connection")) continue;
    if (!ForEachElement(value, [](std::string_view option) { return !EqualsIgnoreCase(option, "close"); })) return true;
  }
  return false;
}

bool MayBeRepeated(const OutgoingRequest& request) {
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "TRACE"}) {
    if (request.method == method) return true;
  }
  return request.fields != nullptr && (request.fields->Has("Idempotency-Key") || request.fields->Has("X-Idempotency-Key"));
}

Error CheckRequest(const OutgoingRequest& request) {
  if (request.method.empty() || !AllAre(request.method, kTokenChar)) return Error::New("method \"" + std::string(request.method) + "\" is not a token");
  for (const Fields* fields : {request.fields, request.trailers}) {
    if (fields != nullptr && !fields->Refused().empty()) return Error::New(std::string(fields->Refused()));
  }
  if (request.fields != nullptr && request.fields->Has("Host") && !IsAuthority(request.fields->Get("Host"))) {
    return Error::New("malformed Host \"" + std::string(request.fields->Get("Host")) + "\"");
  }
  return {};
}

void WriteRequestHead(ByteBuffer& out, const OutgoingRequest& request) {
  out.Append(request.method);
  out.Append(" ");
  if (request.method == "CONNECT") {
    out.Append(TunnelTarget(*request.url));
  } else {
    out.Append(request.url->target);
  }
  out.Append(" HTTP/1.1\r\n");
  AppendField(out, "Host", HostOf(request));
  Seen seen;
  if (request.fields != nullptr) {
    seen.upgrade = request.fields->Has("Upgrade");
    for (const Fields::Field& field : *request.fields) AppendCallersField(out, field, request, seen);
  }
  if (request.propagated != nullptr) {
    for (const Fields::Field& field : *request.propagated) AppendField(out, field.name, field.value);
  }
  if (seen.upgrade) AppendField(out, "Connection", "Upgrade");
  if (!seen.user_agent && !request.user_agent.empty()) AppendField(out, "User-Agent", request.user_agent);
  if (request.expect && request.body != OutgoingRequest::Body::kWithout) AppendField(out, "Expect", "100-continue");
  AppendFraming(out, request);
  out.Append("\r\n");
}

}  // namespace weft::internal
