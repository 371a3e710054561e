// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_OUTGOING_H_
#define WEFT_SERVER_INTERNAL_HTTP1_OUTGOING_H_

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/error.h>
#include <weft/http/internal/http1/keep_alive.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/paced_io.h>
#include <weft/server/internal/http1/lending.h>

namespace weft::internal::http1 {

// The bytes of responses that wait to be sent, in order, and where among them the current response begins. They
// are sent together: when no complete request is left to serve, when there are many bytes, and before anything
// waits, so that a finished response never waits for a handler that waits. While a handler runs they are lent (Lending).
class Outgoing final : private Lendable {
 public:
  // `facts` is notified of responses that cannot be sent.
  Outgoing(PacedIo& io, Lending& lending, KeepAliveFacts& facts) : io_(io), lending_(lending), facts_(facts) {}

  // For a new connection, after Recycle.
  void Attach() {
    response_at_ = type_at_ = 0;
    begun_ = finished_ = false;
  }
  void Recycle(std::size_t keep_bytes) { Bytes().Recycle(keep_bytes); }

  // Everything that waits. Nothing else touches it while a fiber has the turn to send (PacedIo).
  ByteBuffer& Bytes() {
    lending_.TakeBack();
    return bytes_;
  }
  bool Empty() const { return bytes_.empty(); }

  // The next byte is the first one of a response.
  void BeginResponse() {
    response_at_ = Bytes().size();
    type_at_ = 0;
    begun_ = false;
  }
  // What waits now is an interim response: the final one has not begun.
  void NoteInterim() { response_at_ = bytes_.size(); }
  // Some of the current response was sent.
  bool Begun() const { return begun_; }
  void NoteBegun() { begun_ = true; }
  // Removes what waits of the current response; those before it are complete and are still sent.
  void DropResponse();

  // The head that was just written lacks its Content-Type, which the first bytes of the body will determine. Until then,
  // SendAtOnce sends nothing; the other functions send the head as it is.
  void AwaitType() { type_at_ = bytes_.size() - kEndOfHead; }
  bool AwaitsType() const { return type_at_ != 0; }
  void AddType(std::string_view type);
  void ForgetType() { type_at_ = 0; }

  // Sends what the socket takes at once; the rest is sent when there is room. Never suspends.
  void SendAtOnce() noexcept;
  // Sends all of it, as fast as the client takes it.
  Error Send();
  // Sends all of it and then `parts`, of which the first one is room for it; changes `parts`.
  Error SendWith(iovec* parts, std::size_t count);
  // Sends this, if nothing waits.
  Error SendPiece(std::string_view piece);
  // Parks until the kernel has all that was sent.
  Error WaitUntilSent();
  // The same for a caller that already has the turn (PacedIo::SendInTurn).
  Error SendInTurnWith(iovec* parts, std::size_t count, int flags);

  // By force: nothing is sent from here on (kServerClosing).
  void Finish() { finished_ = true; }
  bool Finished() const { return finished_; }

  // Called before a handler runs: lends, for as long as it runs, what waits, with what the batch has. Responses must
  // not wait for a handler that computes for long. They wait for quick handlers only, and what has waited for long
  // enough is sent first.
  void Lend(Lendable* batch);

 private:
  // After this long they are sent, as soon as the current handler has returned.
  static constexpr Duration kPatience = std::chrono::microseconds(50);

  static constexpr std::size_t kEndOfHead = 2;  // its last line end

  void SendFromWatchdog() noexcept override;
  void NoteSentFromWatchdog() noexcept override;
  inline void NoteSent(std::size_t bytes) noexcept;
  void NoteLeaving(std::size_t count) noexcept;

  PacedIo& io_;
  Lending& lending_;
  KeepAliveFacts& facts_;
  ByteBuffer bytes_;
  std::size_t response_at_ = 0;  // where the present response begins
  std::size_t type_at_ = 0;      // where a Content-Type is still missing; 0: nowhere
  bool begun_ = false;
  bool finished_ = false;
  std::size_t sent_from_watchdog_ = 0;
  TimePoint held_since_ = TimePoint::min();  // when the first of them was held back
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_OUTGOING_H_
