// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_BODY_KIND_H_
#define WEFT_HTTP_INTERNAL_HTTP1_BODY_KIND_H_

#include <cstdint>

namespace weft::internal {

// How the body of a message is delimited.
enum class BodyKind : std::uint8_t {
  kNone,
  kLength,      // by Content-Length
  kChunked,
  kUntilClose,  // only of a response to HTTP/1.0
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_BODY_KIND_H_
