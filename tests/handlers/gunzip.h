// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HANDLERS_GUNZIP_H_
#define WEFT_TESTS_HANDLERS_GUNZIP_H_

#include <zlib.h>

#include <string>
#include <string_view>

namespace weft {

// What can be decoded of a gzip stream that may go on.
struct Decoded {
  std::string text;
  bool ended = false;   // its end is there, with the right checksum
  bool broken = false;  // it is none, or something follows the end
};

inline Decoded Gunzip(std::string_view bytes) {
  Decoded decoded;
  z_stream stream = {};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {"", false, true};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  char piece[16 * 1024];
  int result = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    result = inflate(&stream, Z_SYNC_FLUSH);
    decoded.text.append(piece, sizeof piece - stream.avail_out);
  } while (result == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
  decoded.ended = result == Z_STREAM_END && stream.avail_in == 0;
  decoded.broken = (result != Z_STREAM_END && result != Z_OK && result != Z_BUF_ERROR) ||
                   (result == Z_STREAM_END && stream.avail_in > 0);
  inflateEnd(&stream);
  return decoded;
}

}  // namespace weft

#endif  // WEFT_TESTS_HANDLERS_GUNZIP_H_
