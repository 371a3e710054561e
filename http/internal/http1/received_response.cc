// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/received_response.h>

namespace weft::internal {

ReceivedFraming FrameReceived(const ReceivedResponse& response, RequestedBy request) {
  ReceivedFraming framing;
  framing.keep_alive =
      !response.connection_close && (response.version_minor >= 1 || response.connection_keep_alive);
  // Rule 2, and RFC 9110 section 15.2.2.
  framing.tunnel = response.status == 101 || (request.connect && response.status / 100 == 2);
  if (framing.tunnel) {
    framing.keep_alive = false;
    return framing;
  }
  // Rule 1. A server that announces a body where there is none may also send one: what follows is not to be read as the next response.
  const bool bodiless = response.status < 200 || response.status == 204;
  if (bodiless && (response.chunked || response.content_length != 0)) framing.keep_alive = false;
  if (bodiless || response.status == 304 || request.head) return framing;
  if (response.chunked) {  // rule 4
    framing.kind = BodyKind::kChunked;
  } else if (response.has_content_length) {  // rule 6
    framing.kind = response.content_length != 0 ? BodyKind::kLength : BodyKind::kNone;
    framing.length = response.content_length;
  } else {  // rule 8
    framing.kind = BodyKind::kUntilClose;
    framing.keep_alive = false;
  }
  return framing;
}

}  // namespace weft::internal
