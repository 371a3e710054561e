// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/content_source.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include <weft/concurrency/file_read.h>

namespace weft::internal {
namespace {

// Up to this size, a file is read and sent with the head in one system call, which costs less than
// sendfile: 7.8 instead of 8.6 us of CPU for 10 KiB, but 9.6 instead of 8.4 us for 30 KiB.
constexpr std::uint64_t kReadMax = 16 * 1024;

// Reads until the buffer is full. False: the file is shorter, or cannot be read.
bool ReadAll(const Context& ctx, int fd, std::uint64_t offset, std::span<char> buffer) {
  while (!buffer.empty()) {
    const Result<std::size_t> got = ReadFileAt(ctx, fd, buffer, offset);
    if (!got.Ok() || *got == 0) return false;
    offset += *got;
    buffer = buffer.subspan(*got);
  }
  return true;
}

}  // namespace

std::string_view TextSource::First(const Context&, std::span<char> buffer) const {
  return data_.substr(0, buffer.size());
}

Error TextSource::Send(ResponseWriter& w, const ByteRange& range) const {
  const auto first = static_cast<std::size_t>(range.first);
  return w.Write(data_.substr(first, static_cast<std::size_t>(range.length)));
}

std::string_view FileSource::First(const Context& ctx, std::span<char> buffer) const {
  buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_)));
  if (!ReadAll(ctx, fd_, 0, buffer)) return {};
  return {buffer.data(), buffer.size()};
}

// A response may outlive the deadline of its request, and so may the reading. If the file cannot be
// read, SendFile says why.
Error FileSource::Send(ResponseWriter& w, const ByteRange& range) const {
  if (range.length > kReadMax) return w.SendFile(fd_, range.first, range.length);
  const auto size = static_cast<std::size_t>(range.length);
  const std::unique_ptr<char[]> buffer(new char[size]);
  const bool read = ReadAll(Background(), fd_, range.first, {buffer.get(), size});
  return read ? w.Write({buffer.get(), size}) : w.SendFile(fd_, range.first, range.length);
}

}  // namespace weft::internal
