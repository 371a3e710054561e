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

// Something to read bytes from: Read(ctx, buffer) gives at least one byte and at most as many as
// fit, or 0 at the end. A MemoryStream is one, the body of a request, and a Stream.
template <class R>
concept Reader = requires(R& reader, const Context& ctx, std::span<char> buffer) {
  { reader.Read(ctx, buffer) } -> std::same_as<Result<std::size_t>>;
};

namespace internal {
template <class W>
concept WriterUnderContext = requires(W& writer, const Context& ctx, std::string_view data) {
  { writer.Write(ctx, data) } -> std::same_as<Error>;
};
template <class W>
concept WriterOnItsOwn = requires(W& writer, std::string_view data) {
  { writer.Write(data) } -> std::same_as<Error>;
};
}  // namespace internal

// Something to write bytes to: Write(ctx, data) has taken all of them when it returns without an
// Error. Or Write(data), of what waits by a rule of its own: a ResponseWriter, a Stream.
template <class W>
concept Writer = internal::WriterUnderContext<W> || internal::WriterOnItsOwn<W>;

// Reads all that is left and writes it, in pieces of at most 16 KiB, which lie on the stack.
// Returns how many bytes that were; after an Error of either side some of them may have been
// written. It suspends as the two do, and gives up between two pieces when the context is done.
// Go's io.Copy.
//
//   weft::Result<std::uint64_t> bytes = weft::Copy(r.Ctx(), r.Body(), w);
//   if (weft::Error err = bytes.Err()) return err;
template <Reader R, Writer W>
Result<std::uint64_t> Copy(const Context& ctx, R& from, W& to) {
  std::array<char, 16 * 1024> piece;
  for (std::uint64_t copied = 0;;) {
    if (Error err = ctx.Err()) return err;
    const Result<std::size_t> n = from.Read(ctx, std::span<char>(piece));
    if (Error err = n.Err()) return err;
    if (*n == 0) return copied;
    const std::string_view data(piece.data(), *n);
    if constexpr (internal::WriterUnderContext<W>) {
      if (Error err = to.Write(ctx, data)) return err;
    } else {
      if (Error err = to.Write(data)) return err;
    }
    copied += *n;
  }
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_COPY_H_
