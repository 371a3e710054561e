// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/range_parts.h>

#include <array>
#include <random>

namespace weft::internal {
namespace {

constexpr int kWords = 5;  // of 32 bits: 160 in all

std::string RandomBoundary() {
  constexpr char kHex[] = "0123456789abcdef";
  std::random_device random;
  std::string boundary;
  for (int i = 0; i < kWords; ++i) {
    for (std::uint32_t word = random(), digit = 0; digit < 8; ++digit, word >>= 4)
      boundary += kHex[word & 15];
  }
  return boundary;
}

}  // namespace

RangeParts::RangeParts(const ByteRanges& ranges, std::string_view type, std::uint64_t size)
    : ranges_(ranges), type_(type), size_(size), boundary_(RandomBoundary()) {}

// The line end before the first boundary is the end of an empty preamble.
std::string RangeParts::Head(const ByteRange& range) const {
  std::string head = "\r\n--" + boundary_ + "\r\n";
  if (!type_.empty()) head.append("Content-Type: ").append(type_).append("\r\n");
  return head.append("Content-Range: ").append(ContentRange(range, size_)).append("\r\n\r\n");
}

std::uint64_t RangeParts::Length() const {
  std::uint64_t length = ranges_.Bytes() + End().size();
  for (const ByteRange& range : ranges_.Parts()) length += Head(range).size();
  return length;
}

}  // namespace weft::internal
