// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_MEMORY_STREAM_H_
#define WEFT_CONCURRENCY_MEMORY_STREAM_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {

namespace internal {
struct MemoryPipe;
}

class MemoryStream;

struct MemoryStreamOptions {
  // Bytes that each direction holds: Write parks beyond that. At least 1.
  std::size_t buffer_bytes = 64 * 1024;
};

// Two connected ends, like a connected pair of sockets without the system (Go's net.Pipe, with a
// buffer). For tests of protocols, under virtual time too, and for code in one process that talks
// in bytes.
//
//   auto [client, server] = weft::MemoryStreamPair();
//   group.Go("server", [&](const weft::Context& ctx) { return Serve(ctx, server); });
//   if (weft::Error err = client.Write(ctx, "ping")) return err;
//   client.CloseWrite();
std::pair<MemoryStream, MemoryStream> MemoryStreamPair(MemoryStreamOptions options = {});

// One end. Bytes come out at the other end whole, once and in the order in which they were written.
// Its calls may come from any fiber or thread, of any loop. One call of Write at a time, and one of
// Read: two calls of the same kind that overlap take turns, each for all that it has to do, in the
// order in which they came. Moved from, or default-constructed, it is closed. It closes when it
// ends, and must not end while a call is inside of it.
class [[nodiscard]] MemoryStream {
 public:
  MemoryStream() noexcept;
  MemoryStream(MemoryStream&& other) noexcept;
  MemoryStream& operator=(MemoryStream&& other) noexcept;
  ~MemoryStream();  // Close

  // Takes what is there, at least one byte, and parks while there is none. 0: the other side has
  // closed or half-closed, and everything that it wrote was read; also for an empty `into`. Errors:
  // the context's, and then nothing was taken; kClosed after Close on this side.
  Result<std::size_t> Read(const Context& ctx, std::span<char> into);

  // Parks until all of `data` is in the buffer. What was done before is seen by who has read it.
  // Errors: kClosed when the other side was closed, or this one closed or half-closed; the
  // context's. After an error a beginning of `data` may be on its way; `written`, if given, says
  // how much.
  Error Write(const Context& ctx, std::string_view data, std::size_t* written = nullptr);

  // No more Write here; the other side reads what is left and then 0. Reading goes on. Never
  // suspends.
  void CloseWrite() noexcept;
  // Both directions, and for both sides: their Write fails, what we have written can still be read
  // there. Calls that wait, on either side, return. Never suspends. Calling it again does nothing.
  void Close() noexcept;

 private:
  friend std::pair<MemoryStream, MemoryStream> MemoryStreamPair(MemoryStreamOptions);
  MemoryStream(std::shared_ptr<internal::MemoryPipe> in, std::shared_ptr<internal::MemoryPipe> out) noexcept;

  std::shared_ptr<internal::MemoryPipe> in_;   // null: closed
  std::shared_ptr<internal::MemoryPipe> out_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_MEMORY_STREAM_H_
