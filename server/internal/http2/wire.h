// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_WIRE_H_
#define WEFT_SERVER_INTERNAL_HTTP2_WIRE_H_

#include <cstddef>
#include <cstdint>

#include <weft/concurrency/clock.h>
#include <weft/http/internal/http2/frame_buffer.h>
#include <weft/http/internal/http2/session.h>
#include <weft/server/internal/http1/client.h>

namespace weft::internal::http2 {

// The frames of one connection on their way to its socket. Bodies are sent from the memory of their fibers; what the
// socket does not take is copied before Send returns. That is little, since no more is framed than is sent at once.
// A connection that has nothing to send has no memory for it: Send uses the buffer that all connections of the loop share.
class Wire {
 public:
  Wire(http1::Client& client, FrameBuffer& shared) : client_(client), shared_(shared) {}

  enum class Sent : std::uint8_t {
    kAll,
    kBlocked,  // the rest when there is room
    kMore,     // the rest when others of the loop had their turn
    kBroken,
  };
  // Throws std::bad_alloc; the client is broken then.
  Sent Send(Session& session);

  bool Empty() const { return out_.Empty(); }
  bool Blocked() const { return blocked_; }
  // How much is framed, and how much waits to be.
  std::size_t Unsent(const Session& session) const { return out_.Size() + kFrameGuess * session.Waiting(); }

  // Rises whenever the client has taken something; what the kernel holds is not taken.
  std::int64_t Taken() const { return static_cast<std::int64_t>(sent_) - client_.UntakenBytes(); }

  // While it is blocked: when the client must have taken enough; and whether it has, at that time.
  TimePoint LookAt() const { return blocked_ ? look_at_ : TimePoint::max(); }
  bool TakesEnough();

 private:
  static constexpr std::size_t kGather = 48 * 1024;  // three frames of a body: one system call, and little to copy
  static constexpr std::size_t kTurn = 256 * 1024;
  static constexpr std::size_t kFrameGuess = 64;

  Sent SendPieces(Session& session);
  void Block();

  http1::Client& client_;
  FrameBuffer& shared_;  // empty
  FrameBuffer out_;
  bool blocked_ = false;
  TimePoint look_at_;
  std::uint64_t sent_ = 0;     // to the socket, ever
  std::uint64_t moved_ = 0;    // since the period began
  std::int64_t untaken_ = 0;   // what the socket held then
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_WIRE_H_
