// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_RESPONSE_FIELDS_H_
#define WEFT_HTTP_INTERNAL_HTTP2_RESPONSE_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <weft/http/fields.h>

namespace weft::internal::http2 {

// The parts of a response's field block.
struct ResponseBlock {
  int status = 200;
  const Fields* fields = nullptr;  // the handler's
  std::optional<std::uint64_t> content_length = {};
  std::string_view date = {};          // without the name; empty: the handler's, or none
  std::string_view content_type = {};  // where the handler has given none; empty: none
};

// Lists the fields of a response, or of its trailer section, as a session sends them: the status first, and without
// what speaks of a connection of HTTP/1.1 (RFC 9113 section 8.2.2). Names keep their case here; the session lowers it.
// Used again and again; the views hold as long as what they were made from, and the list.
class ResponseFields {
 public:
  const std::vector<Fields::Field>& Of(const ResponseBlock& block);
  // Without those that must not come after a body (RFC 9110 section 6.5.1).
  const std::vector<Fields::Field>& OfTrailer(const Fields& trailer);

 private:
  std::vector<Fields::Field> list_;
  char status_[4];
  char length_[20];
};

// True for fields that are about one connection of HTTP/1.1, and make a message of HTTP/2 malformed.
bool IsConnectionField(std::string_view name);

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_RESPONSE_FIELDS_H_
