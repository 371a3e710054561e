// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_STREAM_HOST_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_STREAM_HOST_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/loop_signal.h>
#include <weft/http/fields.h>

namespace weft::internal::http2 {

class ClientStream;

// A connection as its streams see it.
class ClientStreamHost {
 public:
  // Throws without memory, and then nothing has happened.
  virtual void Add(ClientStream& stream) = 0;
  // The stream is reset unless it is through. The connection may be gone afterwards.
  virtual void Remove(ClientStream& stream) noexcept = 0;
  // False: the connection takes no more.
  virtual bool Open(ClientStream& stream, std::span<const Fields::Field> fields, bool body) = 0;
  // There is more of its body.
  virtual void Resume(ClientStream& stream) = 0;
  // Its response has ended, and the rest of its request is not sent: the stream ends, too.
  virtual void StopBody(ClientStream& stream) noexcept = 0;
  // It has read so much.
  virtual void GiveBack(ClientStream& stream, std::size_t size) noexcept = 0;
  // So much has come: the window of the connection is given back at once, so that no stream blocks another.
  virtual void CountReceived(std::size_t size) noexcept = 0;
  // Looks at what has come, for one that cannot wait for the event.
  virtual void ReadNow() noexcept = 0;
  // A wait of a fiber for what only this connection can bring.
  virtual LoopSignal::Outcome WaitFor(LoopSignal& signal, const Context& ctx, const char* what, TimePoint until) = 0;

  virtual ClientWire& wire() = 0;
  virtual const ClientWire::Pace& pace() const = 0;
  virtual std::uint64_t sent() const = 0;  // bytes that the socket has taken

  // The head of a request waits for those of others, to go out with them in one write.
  virtual bool Gathers() const = 0;

  std::uint32_t woken = 0;   // streams whose fibers are about to run, because of what has come for them
  std::uint64_t number = 0;  // in the order in which those of an origin were made
  bool served = false;       // a stream has left it

 protected:
  ~ClientStreamHost() = default;
};

}  // namespace weft::internal::http2

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_STREAM_HOST_H_
