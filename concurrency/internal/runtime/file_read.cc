// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/file_read.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <system_error>

#include <weft/concurrency/offload.h>

namespace weft {
namespace {

constexpr std::size_t kWarmPiece = 64 * 1024;

Error FromErrno(int number) { return std::error_code(number, std::generic_category()); }

// Converts to what pread takes; false: no file is that long.
bool ToOffset(std::uint64_t offset, off_t& out) {
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return false;
  out = static_cast<off_t>(offset);
  return true;
}

Result<std::size_t> ReadInPlace(int fd, std::span<char> buffer, off_t offset) {
  for (;;) {
    const ssize_t got = pread(fd, buffer.data(), buffer.size(), offset);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return FromErrno(errno);
  }
}

enum class Cached { kYes, kNo, kNobodyKnows };

// Reads only what is already in the page cache.
Cached TryRead(int fd, std::span<char> buffer, off_t offset, std::size_t& got) {
  const iovec part{buffer.data(), buffer.size()};
  for (;;) {
    const ssize_t n = preadv2(fd, &part, 1, offset, RWF_NOWAIT);
    if (n >= 0) {
      got = static_cast<std::size_t>(n);
      return Cached::kYes;
    }
    if (errno == EINTR) continue;
    return errno == EAGAIN ? Cached::kNo : Cached::kNobodyKnows;
  }
}

// Whether this byte would have to come from the disk. After the end of the file nothing does.
bool IsCold(int fd, off_t offset) {
  char byte = 0;
  std::size_t got = 0;
  return TryRead(fd, {&byte, 1}, offset, got) == Cached::kNo;
}

// On a thread of the pool.
Error ReadThrough(int fd, off_t offset, std::uint64_t length) {
  static_cast<void>(posix_fadvise(fd, offset, static_cast<off_t>(length) * 2, POSIX_FADV_WILLNEED));
  const std::unique_ptr<char[]> waste(new char[kWarmPiece]);
  while (length > 0) {
    const Result<std::size_t> got = ReadInPlace(fd, {waste.get(), static_cast<std::size_t>(std::min<std::uint64_t>(kWarmPiece, length))}, offset);
    if (Error err = got.Err()) return err;
    if (*got == 0) break;
    offset += static_cast<off_t>(*got);
    length -= *got;
  }
  return {};
}

}  // namespace

Result<std::size_t> ReadFileAt(const Context& ctx, int fd, std::span<char> buffer, std::uint64_t offset) {
  off_t at = 0;
  if (buffer.empty() || !ToOffset(offset, at)) return std::size_t{0};
  std::size_t got = 0;
  switch (TryRead(fd, buffer, at, got)) {
    case Cached::kYes: return got;
    case Cached::kNobodyKnows: return ReadInPlace(fd, buffer, at);
    case Cached::kNo: break;
  }
  Result<std::size_t> read = Offload(ctx, [&] { return ReadInPlace(fd, buffer, at); });
  if (read.Err().Is(kRefused)) return ReadInPlace(fd, buffer, at);
  return read;
}

Error WarmFile(const Context& ctx, int fd, std::uint64_t offset, std::uint64_t length) {
  off_t first = 0;
  off_t last = 0;
  if (length == 0 || length > std::numeric_limits<std::int64_t>::max() / 2 || !ToOffset(offset, first) || !ToOffset(offset + length - 1, last)) {
    return {};
  }
  if (!IsCold(fd, first) && (last == first || !IsCold(fd, last))) return {};
  const Error err = Offload(ctx, [&] { return ReadThrough(fd, first, length); });
  return err.Is(kRefused) ? Error() : err;  // then the reader waits
}

}  // namespace weft
