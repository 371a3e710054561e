// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_MISBEHAVIOUR_H_
#define WEFT_HTTP_INTERNAL_HTTP2_MISBEHAVIOUR_H_

#include <chrono>
#include <cstdint>

namespace weft::internal::http2 {

// What a peer may do that costs us more than it costs the peer. Each is acceptable now and then, but none of them thousands
// of times (CVE-2019-9511 to 9518, CVE-2023-44487, CVE-2025-8671).
enum class Nuisance : std::uint8_t {
  kNothing,
  kReset,         // a request that its client has reset before there was a response
  kStreamError,   // a stream that we had to reset for what its client has sent
  kControlFrame,  // PING, SETTINGS, and frames of unknown types
  kEmptyData,     // DATA without a byte, and without the end of its stream
  kPriority,
  kWindowUpdate,  // more than ten for each DATA that was sent
  kRefused,       // streams beyond those that are allowed
  kOverhead,      // bytes that are no payload, eight times as many as those that are, and a megabyte
  kFieldList,     // a field block of four times the size that is allowed
};

// A peer's budget for that, in tokens: it gets used ones back as time passes, and for each stream that ends
// well.
class Budget {
 public:
  using Time = std::chrono::nanoseconds;  // since any moment that stays the same

  explicit Budget(std::uint32_t most) : most_(most) {}

  // False: all of it is used up.
  bool Spend(std::uint32_t tokens, Time now) {
    GiveBack(now);
    spent_ += tokens;
    return spent_ <= most_;
  }
  void StreamEndedWell() {
    if (spent_ > 0) --spent_;
  }
  std::uint64_t Spent() const { return spent_; }

 private:
  // A tenth of the budget each second.
  void GiveBack(Time now) {
    if (spent_ == 0) {
      since_ = now;
      return;
    }
    const std::uint64_t each = static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::seconds(10)).count()) / most_;
    const std::uint64_t back = static_cast<std::uint64_t>((now - since_).count()) / each;
    if (back == 0) return;
    spent_ -= back < spent_ ? back : spent_;
    since_ += Time(static_cast<std::int64_t>(back * each));
  }

  const std::uint32_t most_;
  std::uint64_t spent_ = 0;
  Time since_{0};
};

// Counts bytes: overhead (frame headers, padding, control frames) must stay in proportion to payload. That catches attacks that no one has
// thought of.
class Proportion {
 public:
  // False: eight times the payload, and a megabyte more.
  bool Came(std::uint64_t bytes, std::uint64_t payload) {
    bytes_ += bytes;
    payload_ += payload;
    return bytes_ / 8 <= payload_ + kFree;
  }

 private:
  static constexpr std::uint64_t kFree = 1024 * 1024;
  std::uint64_t bytes_ = 0;
  std::uint64_t payload_ = 0;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_MISBEHAVIOUR_H_
