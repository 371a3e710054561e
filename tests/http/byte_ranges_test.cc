// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/byte_ranges.h>

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

using enum ByteRanges::Verdict;

std::string Shown(std::string_view field, std::uint64_t size) {
  ByteRanges ranges;
  switch (ranges.Parse(field, size)) {
    case kWhole:
      return "whole";
    case kUnsatisfiable:
      return "unsatisfiable";
    case kParts:
      break;
  }
  std::string text;
  for (const ByteRange& range : ranges.Parts()) {
    text += (text.empty() ? "" : " ") + std::to_string(range.first) + "-" +
            std::to_string(range.End() - 1);
  }
  return text;
}

struct RangeCase {
  const char* field;
  const char* expected;
};

// RFC 9110 sections 14.1.1, 14.1.2 and 14.2, on a representation of 10,000 bytes.
const RangeCase kCases[] = {
    // The examples of the RFC.
    {"bytes=0-499", "0-499"},
    {"bytes=500-999", "500-999"},
    {"bytes=-500", "9500-9999"},
    {"bytes=9500-", "9500-9999"},
    {"bytes=0-0,-1", "0-0 9999-9999"},
    {"bytes=500-600,601-999", "500-999"},
    {"bytes=500-700,601-999", "500-999"},
    {"bytes= 0-999, 4500-5499, -1000", "0-999 4500-5499 9000-9999"},
    // The ends.
    {"bytes=0-", "0-9999"},
    {"bytes=0-9999", "0-9999"},
    {"bytes=0-10000", "0-9999"},
    {"bytes=9999-", "9999-9999"},
    {"bytes=-10000", "0-9999"},
    {"bytes=-20000", "0-9999"},
    {"bytes=10000-", "unsatisfiable"},
    {"bytes=10000-20000", "unsatisfiable"},
    {"bytes=-0", "unsatisfiable"},
    {"bytes=-0,20000-", "unsatisfiable"},
    {"bytes=20000-,5-6", "5-6"},
    {"bytes=-0,5-6", "5-6"},
    // Beyond 64 bits.
    {"bytes=18446744073709551615-", "unsatisfiable"},
    {"bytes=99999999999999999999999-", "unsatisfiable"},
    {"bytes=5-99999999999999999999999", "5-9999"},
    {"bytes=-99999999999999999999999", "0-9999"},
    {"bytes=18446744073709551616-18446744073709551617", "unsatisfiable"},
    // The unit's case does not matter; other units are not known.
    {"BYTES=1-2", "1-2"},
    {"seconds=1-2", "whole"},
    {"bytes", "whole"},
    {"", "whole"},
    {"=1-2", "whole"},
    // What is not well-formed counts for nothing, good ranges in it included.
    {"bytes=", "whole"},
    {"bytes=,", "whole"},
    {"bytes=-", "whole"},
    {"bytes=1", "whole"},
    {"bytes=a-b", "whole"},
    {"bytes=2-1", "whole"},
    {"bytes=1-2,2-1", "whole"},
    {"bytes=1-2,x", "whole"},
    {"bytes=1 - 2", "whole"},
    {"bytes=+1-2", "whole"},
    {"bytes=1--2", "whole"},
    {"bytes=--2", "whole"},
    {"bytes=0x1-2", "whole"},
    {"bytes =1-2", "whole"},
    {" bytes=1-2", "whole"},
    // Lists: empty elements and blanks around the commas are allowed.
    {"bytes=,1-2, ,5-6,", "1-2 5-6"},
    {"bytes=1-2\t,\t5-6", "1-2 5-6"},
    // The order is the client's; what overlaps or touches becomes one, in the place of the first.
    {"bytes=5-6,1-2", "5-6 1-2"},
    {"bytes=5-6,1-2,7-8", "5-8 1-2"},
    {"bytes=1-2,5-6,0-9", "0-9"},
    {"bytes=8-9,1-2,5-6,2-5", "8-9 1-6"},
    {"bytes=0-9,0-9,0-9", "0-9"},
    {"bytes=0-,-1", "0-9999"},
};

TEST(ByteRanges, AreReadAsTheRfcSays) {
  for (const RangeCase& each : kCases) EXPECT_EQ(Shown(each.field, 10'000), each.expected) << each.field;
}

TEST(ByteRanges, OfEmptyContentAreTheCompleteContent) {
  for (const char* field : {"bytes=0-", "bytes=-1", "bytes=-0", "bytes=0-0"})
    EXPECT_EQ(Shown(field, 0), "whole") << field;
}

TEST(ByteRanges, WorkUpToTheLargestSize) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(Shown("bytes=0-", most), "0-18446744073709551614");
  EXPECT_EQ(Shown("bytes=-1", most), "18446744073709551614-18446744073709551614");
  EXPECT_EQ(Shown("bytes=18446744073709551614-", most),
            "18446744073709551614-18446744073709551614");
}

// Of count ranges of one byte, with a gap between them.
std::string Flood(std::size_t count) {
  std::string field = "bytes=";
  for (std::size_t i = 0; i < count; ++i)
    field += std::to_string(2 * i) + "-" + std::to_string(2 * i) + ",";
  return field;
}

TEST(ByteRanges, TooManyAreTheWhole) {
  ByteRanges ranges;
  EXPECT_EQ(ranges.Parse(Flood(ByteRanges::kMax), 10'000), kParts);
  EXPECT_EQ(ranges.Parts().size(), ByteRanges::kMax);
  EXPECT_EQ(ranges.Parse(Flood(ByteRanges::kMax + 1), 10'000), kWhole);
  EXPECT_EQ(ranges.Parse(Flood(100'000), 10'000), kWhole);
  EXPECT_EQ(Shown("bytes=" + std::string(100'000, ','), 10'000), "whole");
}

TEST(ByteRanges, AreNeverLongerThanTheWholeTogether) {
  std::string field = "bytes=0-";
  for (int i = 1; i < 32; ++i) field += "," + std::to_string(i) + "-";
  ByteRanges ranges;
  EXPECT_EQ(ranges.Parse(field, 1000), kParts);
  EXPECT_EQ(ranges.Bytes(), 1000u);
  EXPECT_EQ(ranges.Parts().size(), 1u);
}

TEST(ByteRanges, AreWrittenForContentRange) {
  EXPECT_EQ(ContentRange({42, 1192}, 1234), "bytes 42-1233/1234");
  EXPECT_EQ(UnsatisfiedRange(1234), "bytes */1234");
}

}  // namespace
}  // namespace weft::internal
