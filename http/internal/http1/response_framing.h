// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_FRAMING_H_
#define WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_FRAMING_H_

#include <cstdint>
#include <optional>

#include <weft/http/fields.h>
#include <weft/http/internal/http1/body_kind.h>

namespace weft::internal {

// What is known about a response when its head has to be written.
struct ResponseFacts {
  int status = 200;
  bool head_request = false;     // the request's method is HEAD
  bool connect_request = false;  // the request's method is CONNECT
  std::uint8_t version_minor = 1;  // of the request
  bool keep_alive = true;          // client, server and drain allow the connection to be kept
  bool complete = false;           // the handler has returned, and body_bytes is the size of the complete body
  std::uint64_t body_bytes = 0;    // of the body so far; for HEAD, what GET would have sent
  std::optional<std::uint64_t> declared_length = std::nullopt;  // the handler's own Content-Length
};

struct ResponseFraming {
  BodyKind kind = BodyKind::kNone;
  bool send_body = false;       // false: what the handler writes is counted and discarded
  bool send_length = false;     // write Content-Length: length
  bool keep_alive = true;       // false: Connection: close, and close afterwards
  std::uint64_t length = 0;     // of kLength; a handler may declare it and then write more or less: the
                                // caller counts, rejects more, and breaks the connection off on less
};

// How a response is delimited (RFC 9112 section 6.3, RFC 9110 sections 8.6 and 15).
inline ResponseFraming FrameResponse(const ResponseFacts& facts) {
  ResponseFraming framing;
  framing.keep_alive = facts.keep_alive;
  // RFC 9110 sections 8.6 and 9.3.6: no Content-Length in 1xx, 204, and 2xx to CONNECT; what follows the last is a
  // tunnel.
  const bool tunnel = facts.connect_request && facts.status / 100 == 2;
  if (facts.status < 200 || facts.status == 204 || tunnel) return framing;

  // RFC 9110 section 15.3.6: 205 has no body, and the client must see that at once.
  if (facts.status == 205) {
    framing.send_length = true;
    return framing;
  }
  // In responses to HEAD and in 304, a length is what a 200 to GET would have said, or absent (RFC 9110 section 8.6). A handler that
  // wrote nothing to HEAD may just have saved itself the work, so an empty body tells nothing.
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

// True if this handler's fields request the end of the connection: an option "close" in Connection.
bool AsksForClose(const Fields& fields);
inline bool WantsClose(const Fields& fields) { return fields.Has("Connection") && AsksForClose(fields); }

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_FRAMING_H_
