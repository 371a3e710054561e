// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/request_framing.h>

namespace weft::internal {

RequestFraming FrameRequest(const Head& head) {
  RequestFraming framing;
  if (head.chunked) {
    framing.kind = BodyKind::kChunked;
  } else if (head.content_length != 0) {
    framing.kind = BodyKind::kLength;
    framing.length = head.content_length;
  }
  framing.expects_continue = head.expect_continue && framing.kind != BodyKind::kNone;
  return framing;
}

bool ClientKeepsAlive(const Head& head) {
  if (head.connection_close) return false;
  return head.version_minor >= 1 || head.connection_keep_alive;
}

}  // namespace weft::internal
