// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_FIELD_BLOCK_H_
#define WEFT_HTTP_INTERNAL_HTTP2_FIELD_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/http/fields.h>

namespace weft::internal::http2 {

// The fields of one field block, copied as they come out of HPACK. Views into it hold until the next
// Add. It keeps its memory for the next message, up to a bound.
class FieldBlock {
 public:
  void Add(std::string_view name, std::string_view value) {
    spans_.push_back({static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
    bytes_.append(name).append(value);
  }
  std::size_t Size() const { return spans_.size(); }
  Fields::Field At(std::size_t index) const {
    const Span& span = spans_[index];
    const std::string_view all(bytes_);
    return {all.substr(span.begin, span.name), all.substr(span.begin + span.name, span.value)};
  }
  void Clear() {
    bytes_.clear();
    spans_.clear();
    if (bytes_.capacity() > kKept) bytes_ = std::string();
    if (spans_.capacity() > kKeptFields) spans_ = std::vector<Span>();
  }

 private:
  static constexpr std::size_t kKept = 4096;
  static constexpr std::size_t kKeptFields = 64;

  struct Span {
    std::uint32_t begin;
    std::uint32_t name;
    std::uint32_t value;
  };
  std::string bytes_;
  std::vector<Span> spans_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_FIELD_BLOCK_H_
