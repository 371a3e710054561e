// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_STREAM_H_
#define WEFT_NET_STREAM_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/scope.h>

namespace weft {

namespace internal {
struct StreamAccess;
struct StreamState;
}

// A connection as bytes in both directions, whatever is below it: one that was dialled (Dial), two ends in memory (StreamPair), or one that a
// server lends to a handler that has taken it over (ResponseWriter::Hijack). Calls park the fiber while they wait; a plain thread blocks.
//
//   weft::Result<weft::Stream> stream = weft::Dial(ctx, "cache.internal:7000");
//   if (weft::Error err = stream.Err()) return err;
//   if (weft::Error err = stream->Write(ctx, "ping\n")) return err;
//   std::array<char, 4096> piece;
//   weft::Result<std::size_t> n = stream->Read(ctx, piece);
//
// One fiber may read while another one writes. Calls of Write that overlap take turns, each for all of its bytes. It closes when it ends, and
// must not end while a call is inside of it. Default-constructed or moved from, it is closed.
//
// A stream of one's own may be used from any loop and thread; those who read and write at the same time are on the same loop, or on plain
// threads.
//
// A lent stream belongs to its request's fiber and to the members of its groups on the same loop. It still belongs to the server: it counts as
// a connection, takes part in the drain, and ends with its handler. A call after the handler has returned, from another loop, or
// from a fiber of another request aborts the process with the reason; so does a third caller that wants to write. A client that closes its
// sending side is not gone here: Read gives 0, and Write goes on, as a tunnel needs it. That holds from Hijack on; before it the
// request is canceled, as any other (ServerOptions::half_closed_clients). Whether anybody still listens only a Write finds out. A
// reset cancels the request's context with kClientGone.
class [[nodiscard]] Stream {
 public:
  Stream() noexcept;
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();  // Close

  // Takes what is there, at least one byte, and waits while there is none. 0: the peer has closed its sending side and everything was read;
  // also for an empty `buffer`. Errors; `buffer` got nothing:
  //   the error of the context, when it is done
  //   kClosed         after Close
  //   the system's, such as std::errc::connection_reset; of a lent stream kClientGone instead, the connection broke, and
  //   kServerClosing, the drain has closed it by force
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);
  // The same under the request's context, for a lent stream; else under CurrentContext().
  Result<std::size_t> Read(std::span<char> buffer);

  // Sends all of `data`, waiting while the peer takes its time. Errors:
  //   the error of the context, when it is done; nothing was sent if it was before the call
  //   kClosed         after Close or CloseWrite
  //   the system's, such as std::errc::broken_pipe; of a lent stream kClientGone instead, kServerClosing, the drain has closed
  //   it by force, and kTimeout, the client took nothing for ServerOptions::write_stall_timeout
  // After an error within it some of `data` may be on its way: the stream is broken, and every later Write or CloseWrite returns that error.
  Error Write(const Context& ctx, std::string_view data);
  // The same under CurrentContext(). A lent stream goes on when a context is done, until it has stalled or the drain closes it by force, so
  // that a handler whose context is done can still say goodbye.
  Error Write(std::string_view data);

  // Closes our sending side: the peer reads what was written and then the end. Reading goes on. It waits for a Write of another fiber. Calling
  // it again does nothing. Errors: those of Write.
  Error CloseWrite();

  // Closes both sides. A Read or Write of another fiber that waits fails with kClosed. What was written still arrives, unless the peer of a
  // dialled one has sent what nobody has read: the system resets such a connection, so read to the end first where that matters. Never
  // suspends. Calling it again does nothing.
  void Close() noexcept;

 private:
  friend struct internal::StreamAccess;
  explicit Stream(std::shared_ptr<internal::StreamState> state) noexcept;
  internal::StreamState& Check(const char* function) const;
  Error WriteAll(const Context& ctx, std::string_view data);
  void CloseIfAlive() noexcept;

  Scope scope_;                                   // of a lent one
  std::shared_ptr<internal::StreamState> state_;  // null: closed
};

namespace internal {

// How a Stream is made: see make_stream.h.
struct StreamAccess {
  static Stream Make(std::shared_ptr<StreamState> state) noexcept { return Stream(std::move(state)); }
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_NET_STREAM_H_
