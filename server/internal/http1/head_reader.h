// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_HEAD_READER_H_
#define WEFT_SERVER_INTERNAL_HTTP1_HEAD_READER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weft/http/internal/http1/head_parser.h>
#include <weft/net/internal/peer.h>
#include <weft/net/internal/watched_socket.h>
#include <weft/server/internal/http1/partial_head.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http1 {

// What bytes are that have arrived while the head of a request, or a PROXY header, was awaited.
struct HeadRead {
  enum class What : std::uint8_t {
    kNothing,      // there is nothing to read now
    kEnd,          // of the client's side, or the connection is broken
    kEmptyLines,   // only empty lines: not part of a request
    kPart,         // of a head: keep `bytes`, with `head`
    kMore,         // of what is kept already: nothing to do
    kRequest,      // `bytes` begin with a complete head of `head_size`
    kBadRequest,   // `bytes` are not a head: `status` and `reason` say why
    kBadProxy,     // `reason` says why
    kProxied,      // a PROXY header: `bytes` follow it
  };
  What what = What::kNothing;
  std::string_view bytes;
  std::size_t head_size = 0;
  Head* head = nullptr;
  int status = 0;
  const char* reason = nullptr;

  // The preface of HTTP/2 (RFC 9113 section 3.4) looks like a request of an unknown version.
  bool IsHttp2() const { return status == 505 && bytes.starts_with("PRI * HTTP/2.0\r\n"); }
};

// Reads once, after what is `kept` (null: nothing), and classifies the bytes. `peer` becomes the one that a PROXY header names. The bytes
// are in the shard's buffer or in `kept`, valid until the next read. `scratch` is the head to parse into if nothing is kept.
HeadRead ReadHead(Shard& shard, WatchedSocket& socket, PartialHead* kept, Head& scratch, std::uint8_t empty_lines, Peer& peer);

// Classifies bytes whose parsing had this result, without a complete head.
HeadRead Incomplete(const HeadResult& result, std::string_view bytes, Head& head, PartialHead* kept);

// Parses the first bytes of a request.
inline HeadResult ParseFirst(Shard& shard, std::string_view bytes, Head& scratch, std::uint8_t empty_lines) {
  scratch.Reset();
  scratch.empty_lines = empty_lines;
  return ParseHead(bytes, shard.server().limits, scratch);
}

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_HEAD_READER_H_
