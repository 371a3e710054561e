// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_STREAM_HOST_H_
#define WEFT_SERVER_INTERNAL_HTTP2_STREAM_HOST_H_

#include <cstddef>
#include <cstdint>

#include <weft/http/internal/http2/response_fields.h>
#include <weft/http/internal/http2/session.h>
#include <weft/server/internal/http1/client.h>

namespace weft::internal::http2 {

class Stream;

// A connection as its streams see it. On the loop's thread.
class StreamHost {
 public:
  virtual Session& session() = 0;
  virtual http1::Client& client() = 0;
  // Scratch space for the list of a response's fields, during a call.
  virtual ResponseFields& fields() = 0;

  // The owner of its fibers, in lists of all fibers.
  virtual std::uint64_t OwnerOfFibers() = 0;

  // Frames wait: they are sent with all others of this turn; or at once.
  virtual void SendSoon() noexcept = 0;
  virtual void SendNow() = 0;

  // Whether a response waits too long. That does not include time during which others have their turn and the client takes enough of
  // them. `written_before`: Session::BodiesWritten when the wait began.
  virtual bool WaitsForOthers(const SessionStream& stream, std::uint64_t written_before) = 0;

  // The connection has ended because its client took nothing.
  virtual bool Stalled() const = 0;

  // Bytes of bodies have arrived and were not read yet; and: were read, or discarded.
  virtual void NoteUnread(std::size_t bytes) = 0;
  virtual void NoteRead(std::size_t bytes) = 0;

  // Called within a call of the session: it has something for the stream, to be handled after that call.
  virtual void NoteHead(Stream& stream) = 0;
  virtual void NoteClosed(Stream& stream) = 0;
  // The stream has waited in the queue, and has a slot; or gets none.
  virtual void NoteSlot(Stream& stream) noexcept = 0;
  // Its fiber has ended.
  virtual void OnFiberEnded(Stream& stream) noexcept = 0;

 protected:
  ~StreamHost() = default;
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_STREAM_HOST_H_
