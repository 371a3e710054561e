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

// A connection: bytes in both directions, whatever is below. It may be one that was dialed (Dial),
// one of two ends in memory (StreamPair), or one that a server lends to a handler that has hijacked
// it (ResponseWriter::Hijack). Calls park the fiber while they wait; a plain thread blocks.
//
//   weft::Error Ping(const weft::Context& ctx) {
//     weft::Result<weft::Stream> stream = weft::Dial(ctx, "cache.internal:7000");
//     if (weft::Error err = stream.Err()) return err;
//     if (weft::Error err = stream->Write(ctx, "ping\n")) return err;
//     std::array<char, 4096> piece;
//     return stream->Read(ctx, piece).Err();
//   }
//
// One fiber may read while another one writes. Writes that overlap take turns, and each writes all
// of its bytes. The destructor closes the stream; no call may be running at that time. A stream
// that was default-constructed or moved from is closed.
//
// A stream of your own may be used from any loop and thread. Those that read and write at the same
// time must be on the same loop, or on plain threads.
//
// A lent stream belongs to its request's fiber and to the members of that fiber's groups on the
// same loop. It still belongs to the server: it counts as a connection, takes part in the drain,
// and ends with its handler. A call after the handler has returned, from another loop, or from a
// fiber of another request aborts the process with the reason. So does a third caller that wants to
// write.
//
// On a lent stream, a client that closes its sending side is not gone: Read returns 0, and Write
// continues to work, as a tunnel needs. This applies from Hijack on; before that the request is
// canceled like any other (ServerOptions::half_closed_clients). Only a Write finds out whether the
// client still reads. A reset cancels the request's context with kClientGone.
class [[nodiscard]] Stream {
 public:
  Stream() noexcept;
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();  // Close

  // Reads what is there, at least one byte, and waits while there is nothing. Returns the number of
  // bytes. 0 means that the peer has closed its sending side and everything was read, or that
  // `buffer` is empty. Errors, after which `buffer` is unchanged:
  //   the error of the context, when it is done
  //   kClosed         after Close
  //   the system's    such as std::errc::connection_reset: the connection broke
  // A lent stream returns kClientGone instead of the system's errors, and kServerClosing if the
  // drain has closed it by force.
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);
  // The same under the request's context, for a lent stream; for others, under CurrentContext().
  Result<std::size_t> Read(std::span<char> buffer);

  // Sends all of `data`, and waits while the peer is slow. Errors:
  //   the error of the context, when it is done; if it was done before the call, nothing was sent
  //   kClosed         after Close or CloseWrite
  //   the system's    such as std::errc::broken_pipe
  // A lent stream returns kClientGone instead of the system's errors, kServerClosing if the drain
  // has closed it by force, and kTimeout if the client has taken nothing for
  // ServerOptions::write_stall_timeout. After an error during the call, part of `data` may have
  // been sent. The stream is then broken, and all later calls of Write and CloseWrite return that
  // error.
  Error Write(const Context& ctx, std::string_view data);
  // The same under CurrentContext(). A lent stream continues even if a context is done, until the
  // client has stalled or the drain closes it by force. So a handler whose context is done can
  // still say goodbye.
  Error Write(std::string_view data);

  // Closes our sending side: the peer reads what was written and then the end. Reading still works.
  // Waits for a Write of another fiber. Calling it again does nothing. Errors are those of Write.
  Error CloseWrite();

  // Closes both sides. If a Read or Write of another fiber waits, it fails with kClosed. What was
  // written still arrives, with one exception: if the peer of a dialed stream has sent something
  // that was not read, the system resets the connection. Read to the end first if that matters.
  // Calling it again does nothing. Never suspends.
  void Close() noexcept;

 private:
  friend struct internal::StreamAccess;
  explicit Stream(std::shared_ptr<internal::StreamState> state) noexcept;
  internal::StreamState& Check(const char* function) const;
  Error WriteAll(const Context& ctx, std::string_view data);
  void CloseIfAlive() noexcept;

  Scope scope_;                                   // of a lent stream
  std::shared_ptr<internal::StreamState> state_;  // null: closed
};

namespace internal {

struct StreamAccess {
  // Makes a Stream; see make_stream.h.
  static Stream Make(std::shared_ptr<StreamState> state) noexcept {
    return Stream(std::move(state));
  }
  // The same as Read, but under a context that is done already it still reads what is there.
  // `buffer` is not empty.
  static Result<std::size_t> ReadWhatIsThere(Stream& stream, const Context& ctx,
                                             std::span<char> buffer);
  // The context of the request that a stream is lent to; null: it is not lent.
  static const Context* RequestContext(const Stream& stream) noexcept;
  // The descriptor of one that is a socket of its own and nothing more, which is the caller's from
  // now on; the Stream is closed. -1: it is something else. Only while it is not in use.
  static int ReleaseSocket(Stream& stream) noexcept;
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_NET_STREAM_H_
