// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_RANGE_PARTS_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_RANGE_PARTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weft/http/internal/byte_ranges.h>

namespace weft::internal {

// The framing of several ranges in one body: multipart/byteranges (RFC 9110 section 14.6). Each
// range follows its Head, and End follows the last one.
class RangeParts {
 public:
  // `type`: of the complete content, which each part names; empty: none. `size`: of the complete content.
  // The boundary is random, so that nobody can have put it into the content.
  RangeParts(const ByteRanges& ranges, std::string_view type, std::uint64_t size);

  std::string ContentType() const { return "multipart/byteranges; boundary=" + boundary_; }
  std::string Head(const ByteRange& range) const;
  std::string End() const { return "\r\n--" + boundary_ + "--\r\n"; }
  // Of the whole body.
  std::uint64_t Length() const;

 private:
  const ByteRanges& ranges_;
  std::string_view type_;
  std::uint64_t size_;
  std::string boundary_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_RANGE_PARTS_H_
