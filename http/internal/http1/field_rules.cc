// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/field_rules.h>

#include <cstddef>

#include <weft/http/internal/authority.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/content_length.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// RFC 9112 section 3.2 and RFC 9110 section 7.2: at most one, and host [":" port] or empty.
Refusal NoteHost(std::string_view value, Head& head, Head::FieldSpan& field) {
  if (head.has_host) return {400, "more than one Host"};
  head.has_host = true;
  if (!value.empty() && !IsAuthority(value)) return {400, "malformed Host"};
  if (head.form == TargetForm::kAbsolute || head.form == TargetForm::kAuthority) {
    field.value_begin = head.host.begin;
    field.value_size = head.host.size;
  } else {
    head.host = {field.value_begin, field.value_size};
  }
  return {};
}

// RFC 9112 section 6.3, rule 5, and RFC 9110 section 8.6. Equal values could be merged, but no honest client sends them.
Refusal NoteContentLength(std::string_view value, Head& head) {
  if (head.has_content_length) return {400, "more than one Content-Length"};
  const auto length = ParseLength(value);
  if (!length) return {400, "malformed Content-Length"};
  head.has_content_length = true;
  head.content_length = *length;
  return {};
}

// RFC 9112 sections 6.1 and 7: chunked has to be the last coding, stands there once and has no parameters. We decode
// no other coding, which is 501; a body whose end cannot be determined is 400, whatever the coding is called.
Refusal NoteTransferEncoding(std::string_view value, Head& head) {
  if (head.has_transfer_encoding) return {400, "more than one Transfer-Encoding"};
  head.has_transfer_encoding = true;
  if (EqualsIgnoreCase(value, "chunked")) {
    head.chunked = true;
    return {};
  }
  bool chunked_last = false;
  bool others = false;
  const bool well_formed = ForEachElement(value, [&](std::string_view coding) {
    if (chunked_last || !AllAre(coding.substr(0, coding.find_first_of("; \t")), kTokenChar)) return false;
    chunked_last = EqualsIgnoreCase(coding, "chunked");
    others = others || !chunked_last;
    return true;
  });
  if (!well_formed || !chunked_last || !others) return {400, "malformed Transfer-Encoding"};
  return {501, "unknown transfer coding"};
}

// RFC 9110 section 7.6.1: a list of tokens, without regard to case, over all lines of this name.
Refusal NoteConnection(std::string_view value, Head& head) {
  const bool well_formed = ForEachElement(value, [&head](std::string_view option) {
    if (EqualsIgnoreCase(option, "close")) {
      head.connection_close = true;
    } else if (EqualsIgnoreCase(option, "keep-alive")) {
      head.connection_keep_alive = true;
    } else if (EqualsIgnoreCase(option, "upgrade")) {
      head.connection_upgrade = true;
    } else {
      return AllAre(option, kTokenChar);
    }
    return true;
  });
  return well_formed ? Refusal{} : Refusal{400, "malformed Connection"};
}

// RFC 9110 section 10.1.1.
Refusal NoteExpect(std::string_view value, Head& head) {
  if (!EqualsIgnoreCase(value, "100-continue")) return {417, "unknown expectation"};
  head.expect_continue = true;
  return {};
}

}  // namespace

Refusal NoteField(const char* buffer, Head::FieldSpan& field, Head& head) {
  const char* const name = buffer + field.name_begin;
  const std::string_view value(buffer + field.value_begin, field.value_size);
  switch (field.name_size) {
    case 4:
      if (NameIs(name, "host")) return NoteHost(value, head, field);
      break;
    case 6:
      if (NameIs(name, "expect")) return NoteExpect(value, head);
      break;
    case 10:
      if (NameIs(name, "connection")) return NoteConnection(value, head);
      break;
    case 14:
      if (NameIs(name, "content-length")) return NoteContentLength(value, head);
      break;
    case 17:
      if (NameIs(name, "transfer-encoding")) return NoteTransferEncoding(value, head);
      break;
    default:
      break;
  }
  return {};
}

Refusal RefuseName(char next) {
  switch (next) {
    case ' ':
    case '\t':
      return {400, "whitespace before the colon"};  // RFC 9112 section 5.1
    case '\r':
      return {400, "field line without a colon"};
    case '\n':
      return kBareLf;
    default:
      return {400, "malformed field name"};
  }
}

bool IsForbiddenTrailer(std::string_view name) {
  static constexpr std::string_view kForbidden[] = {
      "age",           "authorization",       "cache-control",      "connection",    "content-encoding",
      "content-length", "content-range",      "content-type",       "cookie",        "date",
      "expect",        "expires",             "forwarded",          "host",          "keep-alive",
      "location",      "max-forwards",        "pragma",             "proxy-authenticate",
      "proxy-authorization", "proxy-connection", "range",           "retry-after",   "set-cookie",
      "te",            "trailer",             "transfer-encoding",  "upgrade",       "vary",
      "warning",       "www-authenticate",
  };
  for (std::string_view forbidden : kForbidden) {
    if (EqualsIgnoreCase(name, forbidden)) return true;
  }
  if (name.size() > 3 && EqualsIgnoreCase(name.substr(0, 3), "if-")) return true;
  return name.size() > 12 && EqualsIgnoreCase(name.substr(0, 12), "x-forwarded-");
}

}  // namespace weft::internal
