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
  int level = 5;                  // 1 (quick) to 9 (small)
  std::uint64_t size_min = 1024;  // bytes of body; less gains nothing
  std::uint32_t states_max = 64;  // responses that are compressed at one time; each holds 280 KiB
  std::function<bool(std::string_view content_type)> types = &IsCompressible;
};

// Compresses bodies with gzip for clients that want it (Accept-Encoding with its weights, RFC 9110
// section 12.5.3). In the library weft::compress, which needs zlib; programs that do not link it
// need none.
//
// Not compressed, and sent as it is: what is in a coding already (Content-Encoding), parts (206,
// Content-Range), no-transform (Cache-Control), what carries a digest, types that `types` refuses,
// bodies shorter than size_min, and whatever comes while states_max others are at it. Responses to
// errors that handlers return, hijacked streams and 1xx are not touched.
//
// A body is compressed as it comes. Flush lets all that was written reach the client, so a stream
// can be followed event by event; a response that is flushed is compressed whatever its length. A
// Content-Length that the handler has set is checked and taken away, and a strong ETag becomes weak
// (these are other bytes of the same content), so ranges of the compressed body do not exist:
// Accept-Ranges goes. Vary tells caches where it depends on the client. HEAD gets the fields of
// GET, without a length where GET would be compressed. Conditions with If-Match, which compares
// strongly, do not hold for a weak tag.
//
// Files are read and compressed each time; FileServer with precompressed files costs nothing of
// that. What is passed on is still sent by the kernel (sendfile). The loop serves others after each
// 16 KiB of body.
//
// Do not compress responses in which a secret (a token against forged requests) stands beside text
// that the client chose: their length tells about the secret (BREACH). Let `types` refuse them, or
// set Cache-Control: no-transform.
//
// A program can write the same with public names: a BodyFilter for the body
// (ResponseWriter::PushFilter, BodyFilter::PassesThrough), OnHead for HEAD, ChooseCoding, AddVary,
// DetectContentType for the fields, Pool for the states.
//
//   weft::Handler site = weft::Chain(mux, {weft::AccessLog(), weft::Compress()});
Middleware Compress(CompressOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_COMPRESS_H_
