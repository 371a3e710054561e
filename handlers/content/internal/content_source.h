// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_CONTENT_SOURCE_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_CONTENT_SOURCE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/response_writer.h>
#include <weft/http/internal/byte_ranges.h>

namespace weft::internal {

// Where the bytes of content come from.
class ContentSource {
 public:
  virtual std::uint64_t Size() const = 0;
  // Reads the first bytes into the buffer, and returns what it has read.
  virtual std::string_view First(const Context& ctx, std::span<char> buffer) const = 0;
  virtual Error Send(ResponseWriter& w, const ByteRange& range) const = 0;

 protected:
  ~ContentSource() = default;
};

class TextSource final : public ContentSource {
 public:
  explicit TextSource(std::string_view data) : data_(data) {}
  std::uint64_t Size() const override { return data_.size(); }
  std::string_view First(const Context& ctx, std::span<char> buffer) const override;
  Error Send(ResponseWriter& w, const ByteRange& range) const override;

 private:
  std::string_view data_;
};

// An open file, which stays the caller's.
class FileSource final : public ContentSource {
 public:
  FileSource(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  std::uint64_t Size() const override { return size_; }
  std::string_view First(const Context& ctx, std::span<char> buffer) const override;
  Error Send(ResponseWriter& w, const ByteRange& range) const override;

 private:
  int fd_;
  std::uint64_t size_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_CONTENT_SOURCE_H_
