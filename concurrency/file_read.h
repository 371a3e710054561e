// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FILE_READ_H_
#define WEFT_CONCURRENCY_FILE_READ_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

// Reads an open file without blocking the loop. What is in the page cache is read in place. What
// has to come from the disk is read by a thread of the pool (offload.h) while the fiber is parked.
//
//   weft::Result<std::size_t> Head(const weft::Context& ctx, int fd, std::span<char> into) {
//     return weft::ReadFileAt(ctx, fd, into, 0);
//   }
//
// Some file systems cannot distinguish the two cases; they are read in place, and so is everything
// while the pool refuses more work.
//
// Both functions take the position as an argument and leave the descriptor's own position alone, so
// several callers may use one descriptor at the same time. The descriptor belongs to the caller,
// and must stay open until they return.
//
// Both may suspend; a plain thread blocks. Under a done context only what would have to wait for
// the disk fails. A read that has started is waited for, because it uses the caller's buffer.
// Errors are those of pread(2), such as std::errc::bad_file_descriptor, or std::errc::invalid_seek
// for a pipe.

namespace weft {

// Reads at least one byte and at most buffer.size(), from byte `offset` on. Returns the number of
// bytes; 0 at or after the end of the file.
Result<std::size_t> ReadFileAt(const Context& ctx, int fd, std::span<char> buffer,
                               std::uint64_t offset);

// Waits until the bytes from `offset` to `offset + length`, as far as the file has them, are in the
// page cache, and lets the kernel start to read as many after them. For code that passes them to
// sendfile(2) or mmap(2) next. It looks only at the first and the last byte, which costs one or two
// microseconds if there is nothing to do.
Error WarmFile(const Context& ctx, int fd, std::uint64_t offset, std::uint64_t length);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_FILE_READ_H_
