// SPDX-License-Identifier: Apache-2.0
//
// Parts of files as parts of a response: what ResponseWriter::SendFile does before the server takes over, and what it does where the
// bytes themselves are needed.
#include <algorithm>
#include <limits>
#include <memory>
#include <system_error>

#include <weft/concurrency/context.h>
#include <weft/concurrency/file_read.h>
#include <weft/handlers/internal/no_body.h>
#include <weft/handlers/response_writer.h>
#include <weft/handlers/server_side.h>
#include <weft/http/status.h>

namespace weft {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

// Reads the front of `part`, which is not empty, and moves it on. A response outlives the deadline of its request, and so does this.
Result<std::string_view> TakePiece(FilePart& part, std::span<char> buffer) {
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(part.length, buffer.size()));
  const Result<std::size_t> got = ReadFileAt(Background(), part.fd, buffer.first(want), part.offset);
  if (Error err = got.Err()) return err.Wrap("read a file");
  if (*got == 0) return FileTooShort();
  part.Advance(*got);
  return std::string_view(buffer.data(), *got);
}

std::size_t PieceFor(const FilePart& part) { return static_cast<std::size_t>(std::min<std::uint64_t>(part.length, kPiece)); }

}  // namespace

Error FileTooShort() { return Error::New("the file ends before the end of the part to send"); }

Error ResponseSink::SendFile(std::string_view first, FilePart& part) {
  const std::size_t size = PieceFor(part);
  const std::unique_ptr<char[]> buffer(new char[size]);
  while (part.length > 0) {
    FilePart rest = part;
    const Result<std::string_view> piece = TakePiece(rest, {buffer.get(), size});
    if (Error err = piece.Err()) return err;
    if (Error err = SendBody(std::exchange(first, {}), *piece)) return err;
    part = rest;
  }
  return {};
}

Error ResponseWriter::SendFile(int fd, std::uint64_t offset, std::uint64_t length) {
  constexpr std::uint64_t kOffsetMax = std::numeric_limits<std::int64_t>::max();
  CheckMayWrite("ResponseWriter::SendFile");
  if (failure_) return failure_;
  if (state_ == State::kHijacked) return Taken();
  if (status_ == 0) status_ = 200;
  if (offset > kOffsetMax || length > kOffsetMax - offset) return std::make_error_code(std::errc::invalid_argument);
  if (length == 0) return {};
  if (!StatusAllowsBody(status_)) return internal::NoBody(status_);
  extras_.filters.Start(status_, header_);
  if (extras_.HasFilters()) return WriteFileThroughFilters(fd, offset, length);
  if (Error err = CheckLength(length)) return err;
  if (buffer_.empty()) buffer_ = sink_->Buffer();
  const ResponseSink::BufferUse use(*sink_);
  if (length <= buffer_.size() - buffered_) return BufferFile(fd, offset, length);
  if (Error err = BeginStreaming(length)) return err;
  FilePart part{fd, offset, length};
  const std::string_view buffered(buffer_.data(), std::exchange(buffered_, 0));
  const Error failure = head_only_ ? Error() : Fail(sink_->SendFile(buffered, part));
  if (head_only_) part.Advance(length);
  written_ += length - part.length;
  return failure;
}

// What is short leaves with the head in one piece, and costs one system call less this way.
Error ResponseWriter::BufferFile(int fd, std::uint64_t offset, std::uint64_t length) {
  FilePart part{fd, offset, length};
  while (part.length > 0) {
    const std::size_t filled = static_cast<std::size_t>(length - part.length);
    const Result<std::string_view> piece = TakePiece(part, buffer_.subspan(buffered_ + filled));
    if (Error err = piece.Err()) return FileFailed(err);
  }
  buffered_ += static_cast<std::size_t>(length);
  written_ += length;
  return {};
}

Error ResponseWriter::WriteFileThroughFilters(int fd, std::uint64_t offset, std::uint64_t length) {
  FilePart part{fd, offset, length};
  const std::size_t size = PieceFor(part);
  const std::unique_ptr<char[]> buffer(new char[size]);
  while (part.length > 0) {
    const Result<std::string_view> piece = TakePiece(part, {buffer.get(), size});
    if (Error err = piece.Err()) return FileFailed(err);
    if (Error err = WriteThroughFilters(*piece)) return err;
  }
  return {};
}

// As long as nothing was sent, another response can replace this one, which cannot be complete any more.
Error ResponseWriter::FileFailed(Error error) {
  if (head_sent_) return Fail(std::move(error));
  file_failed_ = true;
  return error;
}

}  // namespace weft
