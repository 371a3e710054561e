// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/response_framing.h>

#include <string_view>

#include <weft/http/internal/text.h>

namespace weft::internal {

ResponseFraming FrameResponse(const ResponseFacts& facts) {
  ResponseFraming framing;
  framing.keep_alive = facts.keep_alive;
  // RFC 9110 sections 8.6 and 9.3.6: no Content-Length in 1xx, 204, and 2xx to CONNECT; what follows the last is a
  // tunnel.
  const bool tunnel = facts.connect_request && facts.status / 100 == 2;
  if (facts.status < 200 || facts.status == 204 || tunnel) return framing;

  // RFC 9110 section 15.3.6: 205 has no body, and the client shall see that at once.
  if (facts.status == 205) {
    framing.send_length = true;
    return framing;
  }
  // What HEAD and 304 say about a length is what 200 to GET would have said, or nothing (RFC 9110 section 8.6). A handler that
  // wrote nothing to HEAD may have saved itself the work, so an empty body is no knowledge.
  if (facts.status == 304 || facts.head_request) {
    if (facts.declared_length) {
      framing.send_length = true;
      framing.length = *facts.declared_length;
    } else if (facts.status != 304 && facts.complete && facts.body_bytes != 0) {
      framing.send_length = true;
      framing.length = facts.body_bytes;
    }
    return framing;
  }

  framing.send_body = true;
  if (facts.declared_length || facts.complete) {
    framing.kind = BodyKind::kLength;
    framing.send_length = true;
    framing.length = facts.declared_length ? *facts.declared_length : facts.body_bytes;
  } else if (facts.version_minor >= 1) {
    framing.kind = BodyKind::kChunked;
  } else {
    framing.kind = BodyKind::kUntilClose;  // RFC 9112 section 6.3, rule 8
    framing.keep_alive = false;
  }
  return framing;
}

bool WantsClose(const Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (name.size() != 10 || !EqualsIgnoreCase(name, "connection")) continue;
    const bool without_close =
        ForEachElement(value, [](std::string_view option) { return !EqualsIgnoreCase(option, "close"); });
    if (!without_close) return true;
  }
  return false;
}

}  // namespace weft::internal
