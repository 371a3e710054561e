// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_REQUEST_BLOCK_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_REQUEST_BLOCK_H_

#include <span>
#include <vector>

#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/http/fields.h>

namespace weft::internal::http2 {

// Lists the fields of a request as a session sends them (RFC 9113 section 8.3.1): pseudo-fields first, and without what speaks of a
// connection of HTTP/1.1. Names keep their case here; the session lowers it. Used again and again; the views hold as long as what they
// were made from, and the list.
class RequestBlock {
 public:
  std::span<const Fields::Field> Of(const OutgoingRequest& request);
  // Of a trailer section, without what must not come after a body (RFC 9110 section 6.5.1).
  std::span<const Fields::Field> OfTrailer(const Fields& trailer);

 private:
  void AddCallers(const OutgoingRequest& request);

  std::vector<Fields::Field> list_;
  char length_[20];
};

}  // namespace weft::internal::http2

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_REQUEST_BLOCK_H_
