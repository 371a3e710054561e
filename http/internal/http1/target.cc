// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/target.h>

#include <cstdint>
#include <string_view>

#include <weft/http/internal/authority.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// Splits the target at the '?' that the parser has found; the path begins at `path_begin`.
Refusal SplitPath(const char* buffer, std::uint32_t path_begin, Head& head) {
  const std::uint32_t end = head.target.begin + head.target.size;
  const std::uint32_t path_end = head.has_query ? head.query.begin - 1 : end;
  head.path = {path_begin, path_end - path_begin};
  if (head.has_query) head.query.size = end - head.query.begin;
  if (head.path_escaped && !HasGoodEscapes(head.path.In(buffer))) return {400, "malformed escape in the path"};
  return {};
}

// absolute-form (RFC 9112 section 3.2.2): http://host[:port][/path][?query]. User information is refused (RFC 9110
// section 4.2.4).
Refusal ReadAbsolute(const char* buffer, Head& head) {
  const std::string_view target = head.target.In(buffer);
  std::size_t authority_begin = 0;
  for (std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (EqualsIgnoreCase(target.substr(0, scheme.size()), scheme)) authority_begin = scheme.size();
  }
  if (authority_begin == 0) return {400, "malformed request target"};
  std::size_t authority_end = target.find_first_of("/?", authority_begin);
  if (authority_end == std::string_view::npos) authority_end = target.size();
  const std::string_view authority = target.substr(authority_begin, authority_end - authority_begin);
  if (!IsAuthority(authority)) return {400, "malformed authority in the request target"};

  head.form = TargetForm::kAbsolute;
  head.host.begin = head.target.begin + static_cast<std::uint32_t>(authority_begin);
  head.host.size = static_cast<std::uint32_t>(authority.size());
  const Refusal refusal = SplitPath(buffer, head.target.begin + static_cast<std::uint32_t>(authority_end), head);
  head.path_escaped = head.path_escaped && head.path.In(buffer).find('%') != std::string_view::npos;
  return refusal;
}

}  // namespace

Refusal ReadTargetForm(const char* buffer, Head& head) {
  const char first = buffer[head.target.begin];
  if (head.is_connect) {  // authority-form, for CONNECT and for nothing else (RFC 9112 section 3.2.3)
    if (!IsAuthorityWithPort(head.target.In(buffer))) return {400, "CONNECT needs host:port"};
    head.form = TargetForm::kAuthority;
    head.host = head.target;
    return {};
  }
  if (first == '/') return SplitPath(buffer, head.target.begin, head);
  if (first == '*' && head.target.size == 1) {  // asterisk-form, for OPTIONS only (RFC 9112 section 3.2.4)
    if (head.method.In(buffer) != "OPTIONS") return {400, "target * needs OPTIONS"};
    head.form = TargetForm::kAsterisk;
    head.path = head.target;
    return {};
  }
  return ReadAbsolute(buffer, head);
}

}  // namespace weft::internal
