// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_REQUEST_FRAMING_H_
#define WEFT_HTTP_INTERNAL_HTTP1_REQUEST_FRAMING_H_

#include <cstdint>

#include <weft/http/internal/http1/body_kind.h>
#include <weft/http/internal/http1/request_head.h>

namespace weft::internal {

struct RequestFraming {
  BodyKind kind = BodyKind::kNone;
  std::uint64_t length = 0;      // of kLength, never 0
  bool expects_continue = false;  // the client waits for 100 before it sends this body
};

// How the body of a request is delimited (RFC 9112 section 6.3); the parser has refused every doubtful head.
RequestFraming FrameRequest(const Head& head);

// True if the client allows the connection to be kept after this request (RFC 9112 section 9.3).
bool ClientKeepsAlive(const Head& head);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_REQUEST_FRAMING_H_
