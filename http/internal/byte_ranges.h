// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_BYTE_RANGES_H_
#define WEFT_HTTP_INTERNAL_BYTE_RANGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft::internal {

// A part of a representation; never empty.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;

  std::uint64_t End() const { return first + length; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// The parts of a representation that a client asks for (RFC 9110 section 14.2).
class ByteRanges {
 public:
  // The most ranges that one field may have. Each part of a response has a hundred bytes and more
  // around it, so many small ones are longer than the complete content. A field with more is ignored.
  static constexpr std::size_t kMax = 32;

  enum class Verdict : std::uint8_t {
    kWhole,  // malformed, a unit other than bytes, or too many: the field is ignored
    kParts,  // 206
    kUnsatisfiable,  // 416
  };

  // Reads the value of a Range field against a representation of `size` bytes. Ranges that overlap
  // or touch are merged, in the position of the first of them, so that all parts together are never
  // longer than the content. What lies beyond the end is cut off. An empty representation has no
  // ranges: it is sent completely.
  Verdict Parse(std::string_view field, std::uint64_t size);

  std::span<const ByteRange> Parts() const { return {parts_.data(), count_}; }
  // Of all parts together.
  std::uint64_t Bytes() const;

 private:
  bool Take(std::string_view spec, std::uint64_t size);
  void Add(ByteRange range);

  std::array<ByteRange, kMax> parts_;
  std::size_t count_ = 0;
};

// The values of Content-Range: "bytes 0-99/200", and to 416 "bytes */200".
std::string ContentRange(const ByteRange& range, std::uint64_t size);
std::string UnsatisfiedRange(std::uint64_t size);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_BYTE_RANGES_H_
