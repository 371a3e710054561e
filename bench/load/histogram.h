// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_HISTOGRAM_H_
#define WEFT_BENCH_LOAD_HISTOGRAM_H_

#include <array>
#include <bit>
#include <cstdint>

namespace weft::bench {

// A histogram of nanoseconds with 64 buckets per power of two: a quantile is right to within 1.6 percent, and adding a
// value costs a few instructions.
class Histogram {
 public:
  void Add(std::uint64_t nanoseconds) {
    ++buckets_[Index(nanoseconds)];
    ++count_;
    if (nanoseconds > max_) max_ = nanoseconds;
  }

  // Returns the lower bound of the bucket in which the quantile (0 to 1) lies; 0 when nothing was added.
  std::uint64_t Quantile(double quantile) const {
    const auto rank = static_cast<std::uint64_t>(quantile * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > rank) return LowerBound(i);
    }
    return max_;
  }

  std::uint64_t Max() const { return max_; }

 private:
  static constexpr int kBits = 6;

  static std::size_t Index(std::uint64_t value) {
    if (value < (1u << kBits)) return static_cast<std::size_t>(value);
    const int shift = std::bit_width(value) - 1 - kBits;
    return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
  }

  static std::uint64_t LowerBound(std::size_t index) {
    if (index < (1u << kBits)) return index;
    const std::size_t shift = (index >> kBits) - 1;
    return (index - (shift << kBits)) << shift;
  }

  std::array<std::uint64_t, (64 - kBits + 1) << kBits> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_HISTOGRAM_H_
