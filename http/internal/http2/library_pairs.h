// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_PAIRS_H_
#define WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_PAIRS_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <weft/http/fields.h>

namespace weft::internal::http2 {

inline nghttp2_nv Pair(const Fields::Field& field) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.value.data())), field.name.size(), field.value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

// As the library wants them. It copies them, with names in lower case.
class Pairs {
 public:
  explicit Pairs(std::span<const Fields::Field> fields) {
    if (fields.size() > kFew) many_.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) data()[i] = Pair(fields[i]);
    size_ = fields.size();
  }
  nghttp2_nv* data() { return many_.empty() ? few_ : many_.data(); }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kFew = 16;
  nghttp2_nv few_[kFew];
  std::vector<nghttp2_nv> many_;
  std::size_t size_ = 0;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_PAIRS_H_
