// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_FIELD_DECODER_H_
#define WEFT_HTTP_INTERNAL_HTTP2_FIELD_DECODER_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nghttp2_hd_inflater;

namespace weft::internal::http2 {

// Reads the field blocks of one direction of a connection, one after the other (RFC 7541), for clients that tests play.
class FieldDecoder {
 public:
  FieldDecoder();
  ~FieldDecoder();
  FieldDecoder(const FieldDecoder&) = delete;
  FieldDecoder& operator=(const FieldDecoder&) = delete;

  using List = std::vector<std::pair<std::string, std::string>>;
  // A whole block. False: it is malformed, or this build is without nghttp2.
  bool Decode(std::string_view block, List& out);

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_FIELD_DECODER_H_
