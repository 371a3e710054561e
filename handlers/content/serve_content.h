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

// What is known of content that is served. The views live until ServeContent returns.
struct ContentInfo {
  // Its ending tells the Content-Type ("report.pdf"). Empty or unknown: the first bytes tell it.
  std::string_view name = {};
  // Goes out as Last-Modified.
  std::optional<std::chrono::sys_seconds> modified = {};
  // Goes out as ETag, quotes included: `"v7"`, or `W/"v7"` for one that does not change with every
  // byte.
  std::string_view etag = {};
};

// Responds to GET or HEAD with content whose bytes can be taken from any place, as a file's or a
// string's can: all of it, the parts that Range asks for (206; several as multipart/byteranges),
// or, if a condition of the request says so, nothing (304, 412). RFC 9110 sections 13 and 14; Go's
// http.ServeContent.
//
// Sets Content-Type, Last-Modified and ETag from `info`, unless the handler has set them before;
// these are then the ones that count. Adds Accept-Ranges and what frames the body. A handler that
// serves encoded bytes sets Content-Encoding and Content-Type before. Call it before a status is
// chosen, and nothing after it.
//
// Range counts for GET only. At most 32 ranges are taken; a field that asks for more, or is not
// well-formed, is as if it were not there. Ranges that overlap or touch come as one, so a response
// is never longer than the whole but for the heads of its parts. A range beyond the end is a 416
// that names the length.
//
// It may suspend, as ResponseWriter::Write and SendFile do. The Error that it returns is the
// handler's to return: HttpError(412), or why sending failed.
//
//   const weft::ContentInfo info{.name = "report.csv", .modified = report.made};
//   return weft::ServeContent(w, r, info, report.text);
Error ServeContent(ResponseWriter& w, const Request& r, const ContentInfo& info,
                   std::string_view data);

// The same for the first `size` bytes of an open file, which the kernel sends where it can; the
// rules of ResponseWriter::SendFile hold for the descriptor and the file. What must come from the
// disk is waited for by the fiber alone.
Error ServeContent(ResponseWriter& w, const Request& r, const ContentInfo& info, int fd,
                   std::uint64_t size);

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_SERVE_CONTENT_H_
