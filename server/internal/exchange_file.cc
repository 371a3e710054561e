// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include <weft/concurrency/file_read.h>
#include <weft/net/internal/socket.h>
#include <weft/server/internal/exchange.h>

namespace weft::internal {
namespace {

constexpr std::size_t kSniffed = 512;
constexpr std::size_t kReadPiece = 64 * 1024;

}  // namespace

Error Exchange::SendFile(std::string_view first, FilePart& part) {
  if (transmitting_) WaitForTurn();
  if (failed_) return kClosed;
  if (finished_for_cut_) return kServerClosing;
  if (!first.empty()) HoldContentType(first);
  transmitting_ = true;  // the file may have to be waited for: nobody else touches what is held
  Error err = kClosed;
  try {
    err = HoldContentTypeOf(part);
    if (!err) err = SendBeforeFile(first, part);
    if (!err) err = TransmitFile(part);
  } catch (...) {  // no memory
    EndTransmission(err);
    throw;
  }
  EndTransmission(err);
  if (!err && answer_.kind == BodyKind::kChunked) Held().Append(kChunkEnd);  // leaves with what follows
  return err;
}

Error Exchange::HoldContentTypeOf(const FilePart& part) {
  if (sniff_at_ == 0) return {};
  char begin[kSniffed];
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(kSniffed, part.length));
  const Result<std::size_t> got = ReadFileAt(Background(), part.fd, {begin, want}, part.offset);
  if (Error err = got.Err()) return err.Wrap("read a file");
  if (*got == 0) return FileTooShort();
  HoldContentType({begin, *got});
  return {};
}

// What is held and `first`, in the kernel's hands until the first bytes of the file join them (MSG_MORE): a short answer is one segment.
// In a chunked body they and the file are one chunk.
Error Exchange::SendBeforeFile(std::string_view first, const FilePart& part) {
  if (answer_.kind == BodyKind::kChunked) {
    char chunk[kChunkHeaderMax];
    char* header = WriteChunkHeaderBefore(chunk + sizeof(chunk), first.size() + part.length);
    Held().Append({header, static_cast<std::size_t>(chunk + sizeof(chunk) - header)});
  }
  if (Held().empty() && first.empty()) return {};
  iovec parts[2] = {Part(Held().View()), Part(first)};
  return SendParts(parts, first.empty() ? 1 : 2, MSG_MORE);
}

// In turns of kFileTurn. Before each, what is not in memory is read by a thread of the pool: sendfile would read it here, and the loop
// would stand still.
Error Exchange::TransmitFile(FilePart& part) {
  begun_out_ = true;
  std::uint64_t turn = 0;  // bytes of this turn that are left
  while (part.length > 0) {
    if (turn == 0) {
      turn = std::min(part.length, kFileTurn);
      static_cast<void>(WarmFile(Background(), part.fd, part.offset, turn));  // an error comes back from sendfile
    }
    const ssize_t sent = connection_->socket().SendFile(part.fd, part.offset, static_cast<std::size_t>(turn));
    if (sent > 0) {
      part.Advance(static_cast<std::uint64_t>(sent));
      write_progress_.Moved(static_cast<std::uint64_t>(sent));
      turn -= static_cast<std::uint64_t>(sent);
      if (turn > 0 || part.length == 0) continue;
      if (Error err = LetOthersGo()) return err;
    } else if (sent == 0) {
      return FileTooShort();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (Error err = WaitWritable()) return err;
    } else if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
      return TransmitByReading(part);  // neither every file nor every socket can do it
    } else if (errno != EINTR) {
      return WhyNotSent(errno, part);
    }
  }
  return {};
}

Error Exchange::TransmitByReading(FilePart& part) {
  const std::unique_ptr<char[]> buffer(new char[kReadPiece]);
  std::uint64_t turn = kFileTurn;
  while (part.length > 0) {
    const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(kReadPiece, part.length));
    const Result<std::size_t> got = ReadFileAt(Background(), part.fd, {buffer.get(), want}, part.offset);
    if (Error err = got.Err()) return err.Wrap("read a file");
    if (*got == 0) return FileTooShort();
    iovec piece{buffer.get(), *got};
    if (Error err = SendParts(&piece, 1, 0)) return err;
    part.Advance(*got);
    turn -= std::min<std::uint64_t>(turn, *got);
    if (turn > 0) continue;
    turn = kFileTurn;
    if (Error err = LetOthersGo()) return err;
  }
  return {};
}

// sendfile has one errno for two descriptors: the file is asked whose it is.
Error Exchange::WhyNotSent(int number, const FilePart& part) {
  if (number == EPIPE || number == ECONNRESET) return SocketBroke();
  char byte;
  const Result<std::size_t> got = ReadFileAt(Background(), part.fd, {&byte, 1}, part.offset);
  if (Error err = got.Err()) return err.Wrap("read a file");
  return *got == 0 ? FileTooShort() : SocketBroke();
}

// A yield would let in only those that are ready; this also lets the loop look for what has come meanwhile.
Error Exchange::LetOthersGo() {
  struct Later : LoopTask {
    Later() : LoopTask([](LoopTask* task) { static_cast<Later*>(task)->signal.Notify(); }) {}
    LoopSignal signal;
  } later;
  server_.loop().Post(later);
  (void)later.signal.Wait(Background(), "others of the loop to have their turn");
  return connection_->broken() || connection_->cut() ? SocketBroke() : Error();
}

}  // namespace weft::internal
