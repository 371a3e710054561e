// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/field_decoder.h>

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <new>

namespace weft::internal::http2 {

FieldDecoder::FieldDecoder() {
  if (nghttp2_hd_inflate_new(&inflater_) != 0) throw std::bad_alloc();
}

FieldDecoder::~FieldDecoder() { nghttp2_hd_inflate_del(inflater_); }

bool FieldDecoder::Decode(std::string_view block, List& out) {
  auto* in = reinterpret_cast<const std::uint8_t*>(block.data());
  std::size_t left = block.size();
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, in, left, /*in_final=*/1);
    if (taken < 0) return false;
    in += taken;
    left -= static_cast<std::size_t>(taken);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      out.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                       std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_);
      return true;
    }
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) return false;
  }
}

}  // namespace weft::internal::http2
