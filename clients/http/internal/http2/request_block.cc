// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/http2/request_block.h>

#include <charconv>
#include <optional>
#include <string_view>

#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/http2/response_fields.h>
#include <weft/http/internal/text.h>

namespace weft::internal::http2 {
namespace {

// RFC 9110 section 7.6.1: what Connection names is about the connection, too.
bool IsNamedByConnection(const Fields& fields, std::string_view name) {
  if (!fields.Has("Connection")) return false;
  for (const Fields::Field& field : fields) {
    if (!EqualsIgnoreCase(field.name, "connection")) continue;
    if (!ForEachElement(field.value, [&](std::string_view option) { return !EqualsIgnoreCase(option, name); })) return true;
  }
  return false;
}

// What the client says itself, or what this request must not say.
bool IsLeftOut(const OutgoingRequest& request, const Fields::Field& field) {
  const std::string_view name = field.name;
  if (IsConnectionField(name)) return true;
  for (const std::string_view ours : {"host", "expect", "content-length"}) {
    if (EqualsIgnoreCase(name, ours)) return true;
  }
  if (EqualsIgnoreCase(name, "te")) return !EqualsIgnoreCase(field.value, "trailers");  // RFC 9113 section 8.2.2
  if (request.propagated != nullptr && request.propagated->Has(name)) return true;
  if (request.without_credentials) {
    for (const std::string_view secret : {"cookie", "authorization", "proxy-authorization"}) {
      if (EqualsIgnoreCase(name, secret)) return true;
    }
  }
  return IsNamedByConnection(*request.fields, name);
}

}  // namespace

std::span<const Fields::Field> RequestBlock::Of(const OutgoingRequest& request) {
  list_.clear();
  list_.push_back({":method", request.method});
  list_.push_back({":scheme", request.url->secure ? "https" : "http"});
  list_.push_back({":authority", HostOf(request)});
  list_.push_back({":path", request.url->target});
  AddCallers(request);
  if (request.expect && request.body != OutgoingRequest::Body::kWithout) list_.push_back({"expect", "100-continue"});
  if (const std::optional<std::uint64_t> length = AnnouncedLength(request)) {
    const char* const end = std::to_chars(length_, length_ + sizeof length_, *length).ptr;
    list_.push_back({"content-length", {length_, static_cast<std::size_t>(end - length_)}});
  }
  return list_;
}

void RequestBlock::AddCallers(const OutgoingRequest& request) {
  bool has_user_agent = false;
  if (request.fields != nullptr) {
    for (const Fields::Field& field : *request.fields) {
      if (IsLeftOut(request, field)) continue;
      has_user_agent = has_user_agent || EqualsIgnoreCase(field.name, "user-agent");
      list_.push_back(field);
    }
  }
  if (request.propagated != nullptr) list_.insert(list_.end(), request.propagated->begin(), request.propagated->end());
  if (!has_user_agent && !request.user_agent.empty()) list_.push_back({"user-agent", request.user_agent});
}

std::span<const Fields::Field> RequestBlock::OfTrailer(const Fields& trailer) {
  list_.clear();
  for (const Fields::Field& field : trailer) {
    if (!IsForbiddenTrailer(field.name) && !IsConnectionField(field.name)) list_.push_back(field);
  }
  return list_;
}

}  // namespace weft::internal::http2
