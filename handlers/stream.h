// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_STREAM_H_
#define WEFT_HANDLERS_STREAM_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/scope.h>

namespace weft {

class ResponseWriter;

namespace internal {
struct StreamState;
}

// A connection that its handler has taken over (ResponseWriter::Hijack), as bytes in both directions. It still belongs to the
// server: it counts as a connection, takes part in the drain, and ends with its handler.
//
// Both calls may suspend. Reading waits under a context, the request's unless another one is given. Writing does not stop at it: it
// stops when the client is gone, when it takes nothing for ServerOptions::write_stall_timeout, or when the drain comes to its hard
// end, so that a handler whose context is done can still say goodbye.
//
// A client that closes its sending side is not gone here: Read gives 0, and Write goes on, as a tunnel needs it. That holds from Hijack
// on; before it the request is canceled, as any other (ServerOptions::half_closed_clients). Whether anybody still listens only a Write
// finds out. A reset cancels the request's context with kClientGone.
//
// It belongs to its request's fiber and to the members of its groups on the same loop: one may read while another one writes. A call
// after the handler has returned, from another loop, or from a fiber of another request aborts the process with the reason. It closes
// when it ends, and must not end while a call is inside of it. Default-constructed or moved from, it is closed.
//
//   weft::Result<weft::Stream> stream = w.Hijack();
//   if (weft::Error err = stream.Err()) return err;
//   std::array<char, 4096> piece;
//   while (true) {
//     weft::Result<std::size_t> n = stream->Read(piece);
//     if (weft::Error err = n.Err()) return err;
//     if (*n == 0) return {};
//     if (weft::Error err = stream->Write({piece.data(), *n})) return err;
//   }
class [[nodiscard]] Stream {
 public:
  Stream() noexcept;
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();  // Close

  // Takes what is there, at least one byte, and waits while there is none. Bytes that came behind the request's head are the first. 0:
  // the client has closed its sending side and everything was read; also for an empty `buffer`. Errors; `buffer` got nothing:
  //   the error of the context, when it is done
  //   kClientGone     the connection broke
  //   kServerClosing  the drain came to its hard end
  //   kClosed         after Close
  Result<std::size_t> Read(std::span<char> buffer);
  // The same under another context: a member of a Group passes its own, to be woken when another member fails.
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);

  // Sends all of `data`, waiting while the client takes its time. Errors: kClientGone; kTimeout, the client took nothing for too
  // long; kServerClosing, the drain came to its hard end; kClosed, after Close or CloseWrite. After an error a beginning of `data` may
  // be on its way, and every later call returns the same error.
  Error Write(std::string_view data);

  // Closes our sending side: the client reads what was written and then the end. Reading goes on. It waits for a Write of another
  // fiber. Calling it again does nothing. Errors: those of Write.
  Error CloseWrite();

  // Closes both: what was written still arrives, and what the client sends from here on is thrown away. A Read or Write of
  // another fiber that waits fails with kClosed. Never suspends. Calling it again does nothing.
  void Close() noexcept;

 private:
  friend class ResponseWriter;
  explicit Stream(std::shared_ptr<internal::StreamState> state) noexcept;
  internal::StreamState& Check(const char* function) const;
  void CloseIfAlive() noexcept;

  Scope scope_;
  std::shared_ptr<internal::StreamState> state_;  // null: closed
};

}  // namespace weft

#endif  // WEFT_HANDLERS_STREAM_H_
