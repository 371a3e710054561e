// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_SERVE_CONTENT_H_
#define WEFT_HANDLERS_CONTENT_SERVE_CONTENT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

// Describes the content to serve. The views must be valid until ServeContent returns.
struct ContentInfo {
  // Its extension decides the Content-Type ("report.pdf"). If it is empty or unknown, the first
  // bytes do.
  std::string_view name = {};
  // Sent as Last-Modified.
  std::optional<std::chrono::sys_seconds> modified = {};
  // Sent as ETag, including its quotes: `"v7"`, or `W/"v7"` for one that does not change with every
  // byte.
  std::string_view etag = {};
};

// Responds to GET or HEAD with content that can be read from any position, such as a file or a
// string (RFC 9110 sections 13 and 14; Go's http.ServeContent). It sends all of it, or the parts
// that Range asks for (206; several as multipart/byteranges), or nothing if a condition of the
// request says so (304, 412).
//
// Sets Content-Type, Last-Modified and ETag from `info`, unless the handler has already set them;
// its values then apply. Adds Accept-Ranges and what frames the body. A handler that serves encoded
// bytes sets Content-Encoding and Content-Type first. Call it before a status is chosen, and write
// nothing after it.
//
// Range applies to GET only. At most 32 ranges are accepted; a field with more, or a malformed one,
// is ignored. Ranges that overlap or touch are merged, so a response is never longer than the whole
// content, except for the heads of its parts. A range beyond the end is a 416 with the length.
//
// It may suspend, as ResponseWriter::Write and SendFile do. Return its Error from the handler:
// HttpError(412), or why sending failed.
//
//   const weft::ContentInfo info{.name = "report.csv", .modified = report.made};
//   return weft::ServeContent(w, r, info, report.text);
Error ServeContent(ResponseWriter& w, const Request& r, const ContentInfo& info,
                   std::string_view data);

// The same for the first `size` bytes of an open file, which the kernel sends where possible. The
// rules of ResponseWriter::SendFile apply to the descriptor and the file. If something must be read
// from the disk, only this fiber waits.
Error ServeContent(ResponseWriter& w, const Request& r, const ContentInfo& info, int fd,
                   std::uint64_t size);

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_SERVE_CONTENT_H_
