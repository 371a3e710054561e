// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_COMPRESS_H_
#define WEFT_HANDLERS_MIDDLEWARE_COMPRESS_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include <weft/handlers/handler.h>
#include <weft/http/media_type.h>

namespace weft {

struct CompressOptions {
  int level = 5;                  // 1 (fast) to 9 (small)
  std::uint64_t size_min = 1024;  // bytes of body; compressing less gains nothing
  std::uint32_t states_max = 64;  // responses compressed at the same time; each takes 280 KiB
  std::function<bool(std::string_view content_type)> types = &IsCompressible;
};

// Compresses bodies with gzip for clients that want it (Accept-Encoding with its weights, RFC 9110
// section 12.5.3). It is in the library weft::compress, which needs zlib; programs that do not link
// it need neither.
//
// These are sent as they are, without compression: what already has a content coding
// (Content-Encoding), parts (206, Content-Range), no-transform (Cache-Control), what carries a
// digest, types for which `types` returns false, bodies shorter than size_min, and everything while
// states_max other responses are being compressed. Responses to errors that handlers return,
// hijacked streams and 1xx are not changed either.
//
// A body is compressed as it is written. Flush sends everything written so far, so a client can
// follow a stream event by event; a response that is flushed is compressed whatever its length. A
// Content-Length that the handler has set is checked and removed. A strong ETag becomes weak,
// because the bytes of the same content differ. Therefore the compressed body has no ranges, and
// Accept-Ranges is removed. Vary informs caches that the response depends on the client. HEAD gets
// the fields of GET, without a length if GET would be compressed. If-Match compares strongly, so a
// condition with it fails for a weak tag.
//
// Files are read and compressed each time; FileServer with precompressed files avoids that. What is
// not compressed is still sent by the kernel (sendfile). The loop serves others after each 16 KiB
// of body.
//
// Do not compress responses that contain a secret (such as a token against forged requests) next to
// text that the client chose: their length reveals the secret (BREACH). Exclude them by `types`, or
// set Cache-Control: no-transform.
//
// A program can do the same with public names: a BodyFilter for the body
// (ResponseWriter::PushFilter, BodyFilter::PassesThrough), OnHead for HEAD, ChooseCoding, AddVary,
// DetectContentType for the fields, FreeList for the states.
//
//   weft::Handler site = weft::Chain(mux, {weft::AccessLog(), weft::Compress()});
Middleware Compress(CompressOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_COMPRESS_H_
