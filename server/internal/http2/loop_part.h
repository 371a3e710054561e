// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_LOOP_PART_H_
#define WEFT_SERVER_INTERNAL_HTTP2_LOOP_PART_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <weft/http/internal/http2/frame_buffer.h>
#include <weft/http/internal/http2/response_fields.h>
#include <weft/server/internal/http2/stream.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http2 {

// What a loop has for its HTTP/2 connections: warm streams, and room for frames.
class LoopPart final {
 public:
  explicit LoopPart(Shard& shard) : shard_(shard) {}
  LoopPart(const LoopPart&) = delete;
  LoopPart& operator=(const LoopPart&) = delete;

  // Throws std::bad_alloc.
  std::unique_ptr<Stream> TakeStream() {
    if (free_.empty()) {
      if (free_.capacity() == 0) free_.reserve(kKept);
      return std::make_unique<Stream>(shard_);
    }
    std::unique_ptr<Stream> stream = std::move(free_.back());
    free_.pop_back();
    return stream;
  }
  void GiveBack(std::unique_ptr<Stream> stream) noexcept {
    stream->Recycle();
    if (free_.size() < kKept) free_.push_back(std::move(stream));
  }
  ResponseFields& fields() { return fields_; }
  FrameBuffer& frames() { return frames_; }
  Shard& shard() { return shard_; }

 private:
  static constexpr std::size_t kKept = 256;

  Shard& shard_;
  ResponseFields fields_;
  FrameBuffer frames_;
  std::vector<std::unique_ptr<Stream>> free_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_LOOP_PART_H_
