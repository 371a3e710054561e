// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_HEAD_WRITER_H_
#define WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_HEAD_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>

#include <weft/http/fields.h>
#include <weft/http/internal/http1/response_framing.h>

namespace weft::internal {

// The line "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" (RFC 9110 section 5.6.7), rebuilt only when the second has
// changed. One for each loop; not thread-safe.
class DateCache {
 public:
  static constexpr std::size_t kLineSize = 37;

  // The line for this time (seconds since the epoch). The view is valid until the next call with another second.
  std::string_view LineAt(std::time_t now) {
    if (now != second_) Format(now);
    return {line_, kLineSize};
  }

 private:
  void Format(std::time_t now);

  std::time_t second_ = -1;
  char line_[kLineSize] = {};
};

// What goes into the head of a response. Nothing is owned.
struct ResponseHead {
  int status = 200;                   // 100 to 999
  std::uint8_t version_minor = 1;     // of the request: an HTTP/1.0 client is sent keep-alive
  const Fields* fields = nullptr;     // the handler's
  ResponseFraming framing = {};
  std::string_view date_line = {};    // of a DateCache; used unless the handler set Date
  std::string_view body = {};         // its first bytes determine the type, unless the handler set Content-Type or Content-Encoding
};

// Writes status line, fields and the empty line to `out`, and returns the size of the head. If that is above
// `capacity` the content of `out` is undefined: call again with that much room. Never allocates.
//
// Framing fields come from the decision alone: a handler's Content-Length and Transfer-Encoding, and "close" and
// "keep-alive" in its Connection, are left out here; FrameResponse has considered them (RFC 9112 sections 6 and 9.6).
// Its other Connection options are kept, and Upgrade gets the one that belongs to it. A status below 200 (except 101) is an interim
// response: no Date, no framing, and nothing about the connection.
std::size_t WriteResponseHead(char* out, std::size_t capacity, const ResponseHead& head);

// Writes a complete response of the server's own, with Connection: close and a text/plain body that says status, phrase
// and `reason` (may be empty). `retry_after` seconds are sent if above 0. `head_only`: the request is HEAD, so of the body only
// the length is sent (RFC 9110 section 9.3.2). Returns the size, as WriteResponseHead does.
std::size_t WriteSimpleError(char* out, std::size_t capacity, int status, std::string_view reason,
                             std::string_view date_line, int retry_after = 0, bool head_only = false);

// The same with a body made elsewhere.
struct ErrorResponse {
  int status;
  std::string_view content_type;
  std::string_view body;
  std::string_view date_line;
  int retry_after = 0;
  bool method_is_head = false;
};
std::size_t WriteErrorResponse(char* out, std::size_t capacity, const ErrorResponse& response);

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Chunks (RFC 9112 section 7.1): header, data, kChunkEnd; finally kLastChunk, or WriteLastChunk if there are
// trailers.
inline constexpr std::size_t kChunkHeaderMax = 18;
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// Writes the header of a chunk of `size` > 0 bytes so that it ends at `data`, into the up to kChunkHeaderMax bytes of
// room before it, and returns where it begins. So header, data and CRLF can be sent in one piece.
char* WriteChunkHeaderBefore(char* data, std::uint64_t size);

// Writes the last chunk and the trailers. Fields that must not be trailers (IsForbiddenTrailer) are left out. Returns
// the size, as WriteResponseHead does.
std::size_t WriteLastChunk(char* out, std::size_t capacity, const Fields& trailers);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_RESPONSE_HEAD_WRITER_H_
