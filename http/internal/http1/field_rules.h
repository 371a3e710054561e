// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_FIELD_RULES_H_
#define WEFT_HTTP_INTERNAL_HTTP1_FIELD_RULES_H_

#include <string_view>

#include <weft/http/internal/http1/refusal.h>
#include <weft/http/internal/http1/request_head.h>

namespace weft::internal {

// Takes note of the field that was read last, if it is one that frames or routes the message.
Refusal NoteField(const char* buffer, Head::FieldSpan& field, Head& head);

// What can only be decided when all fields are there.
inline Refusal CheckHead(Head& head) {
  if (head.version_minor == 0) {
    head.expect_continue = false;
    // RFC 9112 section 6.1: the sender may have passed it through without understanding it.
    if (head.has_transfer_encoding) return {400, "Transfer-Encoding in HTTP/1.0"};
  } else if (!head.has_host) {
    return {400, "missing Host"};
  }
  // RFC 9112 sections 6.1 and 11.2: the classic of request smuggling.
  if (head.has_transfer_encoding && head.has_content_length) return {400, "Content-Length together with Transfer-Encoding"};
  return {};
}

// Why a name that is followed by this byte instead of a colon is refused.
Refusal RefuseName(char next);

// True for a name that frames, routes, authenticates or describes a message and so must not come after its body, where a reader
// that has already acted on the head would not see it (RFC 9110 section 6.5.1).
bool IsForbiddenTrailer(std::string_view name);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_FIELD_RULES_H_
