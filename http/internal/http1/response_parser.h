// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_PARSER_H_
#define WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weft/http/internal/http1/received_response.h>

namespace weft::internal {

struct ResponseLimits {
  std::uint32_t head_bytes = 64 * 1024;  // all of it, from the first byte to the empty line
  std::uint32_t fields = 256;
};

// The outcome of ParseResponseHead.
struct ResponseResult {
  enum class Verdict : std::uint8_t {
    kNeedMore,  // all bytes so far may be the start of a valid head
    kDone,
    kBad,       // whatever follows, the head is not valid
    kTooLarge,  // it is above a limit
  };
  Verdict verdict = Verdict::kNeedMore;
  const char* reason = nullptr;  // kBad and kTooLarge: what is wrong; static text
  std::size_t consumed = 0;      // kDone: bytes of the head, up to and with its empty line
};

// Parses the head of a response at the start of `bytes`, as strictly as ParseHead does for requests: on a connection that is
// reused, every request must get its own response (RFC 9112 and the field rules of RFC 9110). Only the space before an empty
// reason phrase may be missing, as some servers omit it. Pure, and without allocation once `out.fields` has grown. Call
// it again with the same bytes and more after them, in the same or another buffer: it continues where it stopped, and splitting
// never changes a verdict.
ResponseResult ParseResponseHead(std::string_view bytes, const ResponseLimits& limits, ReceivedResponse& out);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_PARSER_H_
