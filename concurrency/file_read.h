// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FILE_READ_H_
#define WEFT_CONCURRENCY_FILE_READ_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft {

// Reads from an open file without holding up the loop: what lies in the page cache is read in
// place, what has to come from the disk is read by a thread of the pool (Offload) while the fiber
// is parked. File systems that cannot tell the two apart are read in place, and so is everything
// when the pool refuses more work.
//
// Both take the place in the file from their argument and leave the descriptor's own alone, so
// several may use one descriptor at the same time. The descriptor stays the caller's and stays open
// until they return. They may suspend. Under a done context only what must wait for the disk fails;
// a read that has begun is waited for, because it uses the caller's buffer. Errors are those of
// pread(2), for example std::errc::bad_file_descriptor or std::errc::invalid_seek for a pipe.
//
//   std::array<char, 4096> page;
//   weft::Result<std::size_t> n = weft::ReadFileAt(r.Ctx(), fd, page, offset);

// Reads up to buffer.size() bytes from `offset` on, at least one; 0 at or behind the end of the
// file.
Result<std::size_t> ReadFileAt(const Context& ctx, int fd, std::span<char> buffer, std::uint64_t offset);

// Waits until the bytes from `offset` to offset + length, so far as the file has them, have been
// read into the page cache, and lets the kernel begin with as many behind them: for those who hand
// them to sendfile(2) or mmap(2) next. It looks at the first and the last of the bytes only, which
// costs one or two microseconds when nothing has to be done.
Error WarmFile(const Context& ctx, int fd, std::uint64_t offset, std::uint64_t length);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_FILE_READ_H_
