// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/file_sender.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>

#include <weft/concurrency/file_read.h>

namespace weft::internal::http1 {
namespace {

constexpr std::uint64_t kTurn = 1024 * 1024;  // how much of a file is sent before others of the loop get their turn
constexpr std::size_t kReadPiece = 64 * 1024;

// sendfile has one errno for two descriptors. A read of the file shows which of them it is about.
Error WhyNotSent(PacedIo& io, int number, const FilePart& part) {
  if (number == EPIPE || number == ECONNRESET) return io.Broke();
  char byte;
  const Result<std::size_t> got = ReadFileAt(Background(), part.fd, {&byte, 1}, part.offset);
  if (Error err = got.Err()) return err.Wrap("read a file");
  return *got == 0 ? FileTooShort() : io.Broke();
}

// Some files and some sockets cannot do it without a copy.
Error SendByReading(PacedIo& io, FilePart& part) {
  const std::unique_ptr<char[]> buffer(new char[kReadPiece]);
  std::uint64_t turn = kTurn;
  while (part.length > 0) {
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(kReadPiece, part.length));
    const Result<std::size_t> got = ReadFileAt(Background(), part.fd, {buffer.get(), want}, part.offset);
    if (Error err = got.Err()) return err.Wrap("read a file");
    if (*got == 0) return FileTooShort();
    iovec piece{buffer.get(), *got};
    if (Error err = io.SendInTurn(&piece, 1, 0)) return err;
    part.Advance(*got);
    turn -= std::min<std::uint64_t>(turn, *got);
    if (turn > 0) continue;
    turn = kTurn;
    if (Error err = io.AfterLongTurn()) return err;
  }
  return {};
}

}  // namespace

Error SendFilePart(PacedIo& io, FilePart& part) {
  std::uint64_t turn = 0;  // bytes of this turn that are left
  while (part.length > 0) {
    if (turn == 0) {
      // What is not in memory is read by a thread of the pool: sendfile would read it here, and hold the
      // loop. An error is returned by sendfile.
      turn = std::min(part.length, kTurn);
      static_cast<void>(WarmFile(Background(), part.fd, part.offset, turn));
    }
    const ssize_t sent = io.SendFileAtOnce(part.fd, part.offset, static_cast<std::size_t>(turn));
    if (sent > 0) {
      part.Advance(static_cast<std::uint64_t>(sent));
      turn -= static_cast<std::uint64_t>(sent);
      if (turn > 0 || part.length == 0) continue;
      if (Error err = io.AfterLongTurn()) return err;
    } else if (sent == 0) {
      return FileTooShort();
    } else if (WouldWait(errno)) {
      if (Error err = io.WaitWritable()) return err;
    } else if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
      return SendByReading(io, part);
    } else if (errno != EINTR) {
      return WhyNotSent(io, errno, part);
    }
  }
  return {};
}

}  // namespace weft::internal::http1
