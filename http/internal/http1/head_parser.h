// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_HEAD_PARSER_H_
#define WEFT_HTTP_INTERNAL_HTTP1_HEAD_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weft/http/internal/http1/head_limits.h>
#include <weft/http/internal/http1/quick_head.h>
#include <weft/http/internal/http1/request_head.h>

namespace weft::internal {

// The outcome of ParseHead.
struct HeadResult {
  enum class Verdict : std::uint8_t {
    kNeedMore,  // all bytes so far may begin a good head
    kDone,
    kBad,       // no byte that follows could make it good: respond with `status` and close
  };
  Verdict verdict = Verdict::kNeedMore;
  int status = 0;                // kBad: the status of the response
  const char* reason = nullptr;  // kBad: what is wrong, for the observer and the response; static text
  // kDone: bytes of the head, up to and with its empty line. kNeedMore: bytes of empty lines that may be thrown away
  // because nothing else has come yet (the client has not begun to speak), else 0. When they are, call DropEmptyLines.
  std::size_t consumed = 0;
};

// Parses the head of a request at the start of `bytes`; strict by construction (RFC 9112 and the field rules of
// RFC 9110), pure, and without allocation once `out.fields` has grown. Call it again with the same bytes and more
// after them, in the same or another buffer: it continues where it stopped, so the cost is linear however the bytes trickle in.
// What is bad is reported as soon as the bytes that make it bad are there, and splitting never changes a verdict.
//
//   switch (HeadResult result = ParseHead({buffer, size}, limits, head); result.verdict) ...
inline HeadResult ParseHead(std::string_view bytes, const HeadLimits& limits, Head& out);

// The same, for any head at any point: ParseHead tries the quick way for whole ordinary heads first.
HeadResult ParseHeadInSteps(std::string_view bytes, const HeadLimits& limits, Head& out);

inline HeadResult ParseHead(std::string_view bytes, const HeadLimits& limits, Head& out) {
  if (out.position == 0 && out.empty_lines == 0) {
    if (const std::size_t size = ReadQuickHead(bytes, limits, out); size != 0) [[likely]] {
      return {.verdict = HeadResult::Verdict::kDone, .consumed = size};
    }
    out.Reset();
  }
  return ParseHeadInSteps(bytes, limits, out);
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_HEAD_PARSER_H_
