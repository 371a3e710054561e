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
  // How many bytes each direction buffers; Write waits while the buffer is full. At least 1.
  std::size_t buffer_bytes = 64 * 1024;
};

// Makes two connected ends, like a pair of connected sockets, but without the operating system
// (Go's net.Pipe, with a buffer). For testing protocols, also under virtual time, and for parts of
// one process that exchange bytes.
//
//   weft::Error Ping(const weft::Context& ctx) {
//     auto ends = weft::MemoryStreamPair();
//     weft::Group group(ctx);
//     group.Go("server", [&](const weft::Context& c) { return Serve(c, ends.second); });
//     if (weft::Error err = ends.first.Write(ctx, "ping")) return err;
//     ends.first.CloseWrite();
//     return group.Wait();
//   }
std::pair<MemoryStream, MemoryStream> MemoryStreamPair(MemoryStreamOptions options = {});

// One end of a pair. What is written here is read at the other end: all of it, once, and in order.
//
// Calls may come from any fiber or thread, of any loop. One Read and one Write may run at the same
// time. Calls of the same kind that overlap take turns, in the order in which they came: each does
// all of its work before the next one starts.
//
// An end that was moved from or default-constructed is closed. The destructor closes; no call may
// be running at that time.
class [[nodiscard]] MemoryStream {
 public:
  MemoryStream() noexcept;
  MemoryStream(MemoryStream&& other) noexcept;
  MemoryStream& operator=(MemoryStream&& other) noexcept;
  ~MemoryStream();  // Close

  // Reads what is there, at least one byte, and parks while there is nothing. Returns the number of
  // bytes. 0 means that the other end has closed or half-closed and everything was read, or that
  // `into` is empty. Errors, after which nothing was taken: the context's; kClosed after Close on
  // this end.
  Result<std::size_t> Read(const Context& ctx, std::span<char> into);

  // Parks until all of `data` is in the buffer. What was done before it happens before what follows
  // the read of the data. Errors: kClosed if the other end is closed, or this one is closed or
  // half-closed; the context's. After an error the first part of `data` may have been sent;
  // `written`, if given, says how many bytes.
  Error Write(const Context& ctx, std::string_view data, std::size_t* written = nullptr);

  // Half-closes: this end writes no more, and the other end reads what is left and then 0. Reading
  // here still works. Never suspends.
  void CloseWrite() noexcept;
  // Closes both directions. The other end can still read what was written here, but no longer
  // write. Calls that wait at either end return. Calling it again does nothing. Never suspends.
  void Close() noexcept;

 private:
  friend std::pair<MemoryStream, MemoryStream> MemoryStreamPair(MemoryStreamOptions);
  MemoryStream(std::shared_ptr<internal::MemoryPipe> in,
               std::shared_ptr<internal::MemoryPipe> out) noexcept;

  std::shared_ptr<internal::MemoryPipe> in_;  // null: closed
  std::shared_ptr<internal::MemoryPipe> out_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_MEMORY_STREAM_H_
