// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_GZIP_ENCODER_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_GZIP_ENCODER_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/handlers/body_filter.h>

namespace weft::internal {

// Makes one gzip stream (RFC 1952) after the other. Has some 280 KiB of memory for as long as it lives.
class GzipEncoder {
 public:
  enum class Then : std::uint8_t {
    kMore,   // what is not full yet is held back
    kFlush,  // a reader can decode all so far
    kEnd,    // the end of the stream
  };

  // Throws std::bad_alloc.
  explicit GzipEncoder(int level);
  GzipEncoder(GzipEncoder&& other) noexcept;
  GzipEncoder& operator=(GzipEncoder&& other) = delete;
  ~GzipEncoder();

  // Starts a new stream, whatever became of the one before.
  void Reset();
  // Adds to the stream and passes on what comes out, in pieces. May suspend where `next` does.
  Error Encode(std::string_view data, Then then, BodyFilter::Output& next);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_GZIP_ENCODER_H_
