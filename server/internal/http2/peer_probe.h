// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_PEER_PROBE_H_
#define WEFT_SERVER_INTERNAL_HTTP2_PEER_PROBE_H_

#include <chrono>
#include <cstdint>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/unlimited.h>

namespace weft::internal::http2 {

// Finds out whether a client with requests in progress is still there: once it has sent nothing for half of probe_after, it gets a PING,
// and has some seconds to reply (RFC 9113 section 6.7). Anything it sends is a reply. The kernel's probes are no help if there is a proxy
// in between, because the proxy replies.
class PeerProbe {
 public:
  enum class Step : std::uint8_t { kNothing, kAsk, kGone };
  static constexpr Duration kPatience = std::chrono::seconds(15);

  explicit PeerProbe(TimePoint now) : heard_(now) {}

  void NoteHeard(TimePoint now) {
    heard_ = now;
    asked_ = TimePoint::max();
  }
  // True: the reply that has arrived is to one of these PINGs.
  bool TakeAnswer() { return owed_ > 0 && owed_-- > 0; }

  TimePoint DueAt(Duration probe_after) const {
    if (probe_after == kUnlimited) return TimePoint::max();
    return asked_ != TimePoint::max() ? asked_ + kPatience : heard_ + probe_after / 2;
  }
  // What is to be done now. The caller does it.
  Step Next(Duration probe_after, TimePoint now) {
    if (DueAt(probe_after) > now) return Step::kNothing;
    if (std::exchange(asked_, now) != TimePoint::max()) return Step::kGone;
    ++owed_;
    return Step::kAsk;
  }

 private:
  TimePoint heard_;                     // when something last arrived
  TimePoint asked_ = TimePoint::max();  // since when it has not replied
  std::uint32_t owed_ = 0;              // replies
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_PEER_PROBE_H_
