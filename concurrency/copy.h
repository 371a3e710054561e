// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_COPY_H_
#define WEFT_CONCURRENCY_COPY_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {

// A source of bytes: Read(ctx, buffer) returns how many bytes it has put into the buffer, at least
// one, or 0 at the end (Go's io.Reader). MemoryStream, Stream and the body of a request are
// readers.
template <class R>
concept Reader = requires(R& reader, const Context& ctx, std::span<char> buffer) {
  { reader.Read(ctx, buffer) } -> std::same_as<Result<std::size_t>>;
};

// A destination of bytes (Go's io.Writer), in one of two forms. Write(ctx, data) waits under the
// given context, as MemoryStream does; Write(data) waits by a rule of its own, as ResponseWriter
// and Stream do. If either returns without an Error, all of the data was taken.
template <class W>
concept Writer =
    requires(W& writer, const Context& ctx, std::string_view data) {
      { writer.Write(ctx, data) } -> std::same_as<Error>;
    } || requires(W& writer, std::string_view data) {
      { writer.Write(data) } -> std::same_as<Error>;
    };

// Reads until the end and writes everything (Go's io.Copy). Returns the number of bytes. After an
// Error of either side some of them may have been written.
//
//   void Echo(weft::ResponseWriter& w, weft::Request& r) {
//     weft::Result<std::uint64_t> bytes = weft::Copy(r.Ctx(), r.Body(), w);
//     if (weft::Error err = bytes.Err()) Report(err);
//   }
//
// It copies in pieces of at most 16 KiB, which lie on the stack. It suspends as the two sides do,
// and between two pieces it returns the context's error if that is done.
template <Reader R, Writer W>
Result<std::uint64_t> Copy(const Context& ctx, R& from, W& to) {
  std::array<char, 16 * 1024> piece;
  for (std::uint64_t copied = 0;;) {
    if (Error err = ctx.Err()) return err;
    const Result<std::size_t> n = from.Read(ctx, std::span<char>(piece));
    if (Error err = n.Err()) return err;
    if (*n == 0) return copied;
    const std::string_view data(piece.data(), *n);
    if constexpr (requires { { to.Write(ctx, data) } -> std::same_as<Error>; }) {
      if (Error err = to.Write(ctx, data)) return err;
    } else {
      if (Error err = to.Write(data)) return err;
    }
    copied += *n;
  }
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_COPY_H_
