// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_ENDING_H_
#define WEFT_SERVER_INTERNAL_HTTP2_ENDING_H_

#include <chrono>
#include <cstdint>

#include <weft/concurrency/clock.h>

namespace weft::internal::http2 {

// The order in which a connection ends, so that no request is lost (RFC 9113 section 6.8):
//
//   GOAWAY(2^31-1) and PING     new streams are still served
//   its ACK                     the client has seen that; what it had sent before has arrived
//   the last response           then another PING and its ACK: some clients lose a response when GOAWAY comes with it
//   GOAWAY(last)                and the end of our side
//
// Clients that fail all open streams at any GOAWAY (Java 17, httpx) lose nothing by the first one: it waits until no stream is open.
// With a client that keeps opening streams, even after the first GOAWAY, that would take forever. So a second after the start it
// gets the first one, and a second later the last one, while streams are open. The client knows that requests sent after that
// are not served, and sends them elsewhere.
class Ending {
 public:
  enum class Step : std::uint8_t { kNothing, kAnnounce, kPing, kSayEnd };

  bool Begun() const { return begun_; }
  bool Said() const { return said_; }

  void Begin(TimePoint now) {
    if (begun_) return;
    begun_ = true;
    goes_on_at_ = now + kPatience;
  }
  // What is to be done now. The caller does it.
  Step Next(bool has_streams, TimePoint now) {
    if (!begun_ || said_) return Step::kNothing;
    if (has_streams && now < goes_on_at_) return Step::kNothing;
    if (!announced_) {
      announced_ = awaits_ack_ = true;
      goes_on_at_ = now + kPatience;
      return Step::kAnnounce;
    }
    if (!has_streams && awaits_ack_) return Step::kNothing;
    if (!has_streams && responded_) {
      responded_ = false;
      awaits_ack_ = true;
      return Step::kPing;
    }
    said_ = true;
    return Step::kSayEnd;
  }
  // When something must be done although streams are open.
  TimePoint GoesOnAt() const { return said_ ? TimePoint::max() : goes_on_at_; }
  // A response was sent.
  void NoteResponse() { responded_ = true; }
  void NoteAck() {
    awaits_ack_ = false;
    looks_ = 0;
  }
  // A tenth of a second has passed. A client that does not reply is no longer waited for.
  void NoteLook() {
    if (awaits_ack_ && ++looks_ >= kLooks) NoteAck();
  }

 private:
  static constexpr int kLooks = 10;
  static constexpr Duration kPatience = std::chrono::seconds(1);

  bool begun_ = false;
  bool announced_ = false;
  bool awaits_ack_ = false;
  bool responded_ = false;  // since the last PING
  bool said_ = false;
  int looks_ = 0;
  TimePoint goes_on_at_ = TimePoint::max();
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_ENDING_H_
