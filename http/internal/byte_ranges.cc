// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/byte_ranges.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// Digits only. A number that does not fit into 64 bits is beyond the end of everything.
std::optional<std::uint64_t> ParsePosition(std::string_view text) {
  if (text.empty() || !AllAre(text, kDigitChar)) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMost - digit) / 10) return kMost;
    value = value * 10 + digit;
  }
  return value;
}

bool Touch(const ByteRange& a, const ByteRange& b) {
  return a.first <= b.End() && b.first <= a.End();
}

}  // namespace

// Adds the range; nothing if it cannot be satisfied. False if it is malformed.
bool ByteRanges::Take(std::string_view spec, std::uint64_t size) {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return false;
  if (dash == 0) {
    const std::optional<std::uint64_t> suffix = ParsePosition(spec.substr(1));
    if (!suffix) return false;
    const std::uint64_t length = std::min(*suffix, size);
    if (length > 0) Add({size - length, length});
    return true;
  }
  const std::optional<std::uint64_t> first = ParsePosition(spec.substr(0, dash));
  const std::string_view rest = spec.substr(dash + 1);
  const std::optional<std::uint64_t> last = rest.empty() ? kMost : ParsePosition(rest);
  if (!first || !last || *last < *first) return false;
  if (*first < size) Add({*first, std::min(*last, size - 1) - *first + 1});
  return true;
}

// Ranges that it touches become part of it, after which it may touch others.
void ByteRanges::Add(ByteRange range) {
  std::size_t place = count_;
  for (std::size_t i = 0; i < count_;) {
    if (!Touch(parts_[i], range)) {
      ++i;
      continue;
    }
    const std::uint64_t end = std::max(range.End(), parts_[i].End());
    range.first = std::min(range.first, parts_[i].first);
    range.length = end - range.first;
    place = std::min(place, i);
    std::copy(parts_.begin() + i + 1, parts_.begin() + count_, parts_.begin() + i);
    --count_;
    i = 0;
  }
  std::copy_backward(parts_.begin() + place, parts_.begin() + count_, parts_.begin() + count_ + 1);
  parts_[place] = range;
  ++count_;
}

ByteRanges::Verdict ByteRanges::Parse(std::string_view field, std::uint64_t size) {
  count_ = 0;
  const std::size_t equals = field.find('=');
  if (size == 0 || equals == std::string_view::npos ||
      !EqualsIgnoreCase(field.substr(0, equals), "bytes"))
    return Verdict::kWhole;
  std::size_t asked = 0;
  const bool good = ForEachElement(field.substr(equals + 1), [&](std::string_view spec) {
    return ++asked <= kMax && Take(spec, size);
  });
  if (!good || asked == 0) return Verdict::kWhole;
  return count_ > 0 ? Verdict::kParts : Verdict::kUnsatisfiable;
}

std::uint64_t ByteRanges::Bytes() const {
  return std::accumulate(
      parts_.begin(), parts_.begin() + count_, std::uint64_t{0},
      [](std::uint64_t sum, const ByteRange& range) { return sum + range.length; });
}

std::string ContentRange(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.End() - 1) + "/" +
         std::to_string(size);
}

std::string UnsatisfiedRange(std::uint64_t size) {
  return "bytes */" + std::to_string(size);
}

}  // namespace weft::internal
