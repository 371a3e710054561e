// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_HEAD_LIMITS_H_
#define WEFT_HTTP_INTERNAL_HTTP1_HEAD_LIMITS_H_

#include <cstdint>

namespace weft::internal {

// The limits of a request's head, in bytes on the wire.
struct HeadLimits {
  std::uint32_t head_bytes = 64 * 1024;    // all of it, from the first byte to the empty line: 431 beyond
  std::uint32_t target_bytes = 16 * 1024;  // the request target: 414 beyond
  std::uint32_t fields = 128;              // 431 beyond
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_HEAD_LIMITS_H_
