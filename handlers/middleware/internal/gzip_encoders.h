// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_GZIP_ENCODERS_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_GZIP_ENCODERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include <weft/concurrency/free_list.h>
#include <weft/handlers/middleware/internal/gzip_encoder.h>

namespace weft::internal {

// Encoders to use again, a bounded number of which is out at one time. For all loops.
class GzipEncoders {
 public:
  using Handle = FreeList<GzipEncoder>::Handle;

  GzipEncoders(int level, std::uint32_t out_max)
      : out_max_(out_max), pool_([level] { return GzipEncoder(level); }, {.keep = kKept}) {}

  // At the start of a stream. Empty if as many as are allowed are out already, or there is no
  // memory for one more.
  Handle Take() {
    if (out_.fetch_add(1, std::memory_order_relaxed) < out_max_) {
      try {
        Handle encoder = pool_.Get();
        encoder->Reset();
        return encoder;
      } catch (const std::bad_alloc&) {
      }
    }
    out_.fetch_sub(1, std::memory_order_relaxed);
    return {};
  }
  void GiveBack(Handle encoder) {
    if (!encoder) return;
    encoder.Put();
    out_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kKept = 8;  // by each loop

  const std::uint32_t out_max_;
  FreeList<GzipEncoder> pool_;
  std::atomic<std::uint32_t> out_{0};
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_GZIP_ENCODERS_H_
