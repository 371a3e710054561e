// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/request_fields.h>

#include <weft/http/internal/authority.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/content_length.h>
#include <weft/http/internal/text.h>

namespace weft::internal::http2 {
namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2
constexpr std::uint64_t kPatience = 4;      // times the limit, before the connection ends
constexpr std::size_t kMethodBytesMax = 32;
constexpr std::size_t kKeptCookie = 4096;

}  // namespace

void RequestFields::Begin() {
  block_.Clear();
  counted_ = fields_ = 0;
  too_large_ = is_connect_ = expects_continue_ = has_host_ = false;
  cookies_ = 0;
  method_ = scheme_ = path_ = raw_path_ = query_ = authority_ = protocol_ = {};
  content_length_.reset();
  cookie_.clear();
  if (cookie_.capacity() > kKeptCookie) cookie_ = std::string();
}

bool RequestFields::Add(std::string_view name, std::string_view value, const HeadLimits& limits) {
  counted_ += name.size() + value.size() + kFieldOverhead;
  if (!name.starts_with(':')) ++fields_;
  too_large_ = too_large_ || counted_ > limits.head_bytes || fields_ > limits.fields;
  if (!too_large_) block_.Add(name, value);
  return counted_ <= kPatience * limits.head_bytes;
}

Refusal RequestFields::Check(const HeadLimits& limits, bool extended) {
  if (const Refusal refusal = ReadPseudoFields(limits, extended)) return refusal;
  // Only now, so that the response to a HEAD has no body.
  if (fields_ > limits.fields) return {431, "too many fields"};
  if (too_large_) return {431, "request head too large"};
  if (const Refusal refusal = ReadFields()) return refusal;
  return CheckAuthority();
}

Refusal RequestFields::ReadPseudoFields(const HeadLimits& limits, bool extended) {
  for (std::size_t i = 0; i < block_.Size(); ++i) {
    const auto [name, value] = block_.At(i);
    if (name.empty() || name[0] != ':') break;  // they come first (RFC 9113 section 8.3)
    if (name == ":method") method_ = value;
    if (name == ":scheme") scheme_ = value;
    if (name == ":path") path_ = value;
    if (name == ":authority") authority_ = value;
    if (name == ":protocol") protocol_ = value;
  }
  if (too_large_) return path_.size() > limits.target_bytes ? Refusal{414, "request target too long"} : Refusal{};
  if (method_.size() > kMethodBytesMax) return {501, "method too long"};
  if (!IsToken(method_)) return {400, "malformed method"};
  is_connect_ = method_ == "CONNECT";
  if (IsExtended() && !extended) return {501, "extended CONNECT is not offered"};
  if (IsExtended() && !IsToken(protocol_)) return {400, "malformed :protocol"};
  if (IsConnect()) {
    return IsAuthorityWithPort(authority_) ? Refusal{} : Refusal{400, "CONNECT needs host:port"};
  }
  if (!EqualsIgnoreCase(scheme_, "http") && !EqualsIgnoreCase(scheme_, "https")) return {400, "unknown scheme"};
  return CheckTarget(limits);
}

// RFC 9113 section 8.3.1: path and query as in the origin-form of HTTP/1.1, or "*" for OPTIONS.
Refusal RequestFields::CheckTarget(const HeadLimits& limits) {
  if (path_.size() > limits.target_bytes) return {414, "request target too long"};
  if (path_ == "*") {
    raw_path_ = path_;
    return method_ == "OPTIONS" ? Refusal{} : Refusal{400, "target * needs OPTIONS"};
  }
  if (!path_.starts_with('/') || !AllAre(path_, kTargetChar)) return {400, "malformed request target"};
  const std::size_t mark = path_.find('?');
  raw_path_ = path_.substr(0, mark);
  if (mark != std::string_view::npos) query_ = path_.substr(mark + 1);
  return HasGoodEscapes(raw_path_) ? Refusal{} : Refusal{400, "malformed escape in the path"};
}

Refusal RequestFields::ReadFields() {
  for (std::size_t i = 0; i < block_.Size(); ++i) {
    const Fields::Field field = block_.At(i);
    if (field.name.starts_with(':')) continue;
    if (const Refusal refusal = ReadField(field)) return refusal;
  }
  return {};
}

Refusal RequestFields::ReadField(const Fields::Field& field) {
  const auto& [name, value] = field;
  if (name == "host") {
    if (has_host_) return {400, "more than one Host"};
    has_host_ = true;
    if (!value.empty() && !IsAuthority(value)) return {400, "malformed Host"};
    // RFC 9113 section 8.3.1: two that differ could be taken for either.
    if (!authority_.empty() && !EqualsIgnoreCase(authority_, value)) return {400, "Host differs from :authority"};
    if (authority_.empty()) authority_ = value;
  } else if (name == "content-length") {
    if (content_length_) return {400, "more than one Content-Length"};
    content_length_ = ParseLength(value);
    if (!content_length_) return {400, "malformed Content-Length"};
  } else if (name == "expect") {
    if (!EqualsIgnoreCase(value, "100-continue")) return {417, "unknown expectation"};
    expects_continue_ = true;
  } else if (name == "cookie") {
    ++cookies_;
  }
  return {};
}

Refusal RequestFields::CheckAuthority() {
  if (IsConnect()) return {};
  if (authority_.empty()) return has_host_ ? Refusal{} : Refusal{400, "missing Host"};
  return IsAuthority(authority_) ? Refusal{} : Refusal{400, "malformed :authority"};
}

std::string_view RequestFields::Host() const {
  if (authority_.starts_with('[')) return authority_.substr(1, authority_.find(']') - 1);
  return authority_.substr(0, authority_.find(':'));
}

void RequestFields::AppendTo(Fields& out) {
  if (!has_host_) out.AddBorrowed("host", authority_);
  if (IsExtended()) {
    out.AddBorrowed("connection", "Upgrade");
    out.AddBorrowed("upgrade", protocol_);
  }
  for (std::size_t i = 0; i < block_.Size(); ++i) {
    const auto [name, value] = block_.At(i);
    if (name.starts_with(':')) continue;
    if (name == "cookie" && cookies_ > 1) {
      cookie_.append(cookie_.empty() ? "" : "; ").append(value);
      continue;
    }
    out.AddBorrowed(name, value);
  }
  if (cookies_ > 1) out.AddBorrowed("cookie", cookie_);
}

}  // namespace weft::internal::http2
