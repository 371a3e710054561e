// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/gzip_encoder.h>

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace weft::internal {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzip = 16;  // added to the bits of the window: a gzip stream and no bare one
constexpr int kMemory = 8;
constexpr std::size_t kPiece = 16 * 1024;

int FlushOf(GzipEncoder::Then then) {
  switch (then) {
    case GzipEncoder::Then::kMore:
      return Z_NO_FLUSH;
    case GzipEncoder::Then::kFlush:
      return Z_SYNC_FLUSH;
    case GzipEncoder::Then::kEnd:
      return Z_FINISH;
  }
  return Z_NO_FLUSH;
}

}  // namespace

// zlib stores the address of its stream, so it must not move.
struct GzipEncoder::State {
  z_stream stream = {};
  char out[kPiece];
};

GzipEncoder::GzipEncoder(int level) : state_(new State) {
  if (deflateInit2(&state_->stream, level, Z_DEFLATED, kWindowBits + kGzip, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
}

GzipEncoder::GzipEncoder(GzipEncoder&& other) noexcept = default;

GzipEncoder::~GzipEncoder() {
  if (state_ != nullptr) deflateEnd(&state_->stream);
}

void GzipEncoder::Reset() {
  deflateReset(&state_->stream);
}

Error GzipEncoder::Encode(std::string_view data, Then then, BodyFilter::Output& next) {
  z_stream& stream = state_->stream;
  do {
    const std::size_t size = std::min<std::size_t>(data.size(), std::numeric_limits<uInt>::max());
    const bool is_last = size == data.size();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // only read
    stream.avail_in = static_cast<uInt>(size);
    data.remove_prefix(size);
    // If the output buffer is full, there may be more output.
    do {
      stream.next_out = reinterpret_cast<Bytef*>(state_->out);
      stream.avail_out = kPiece;
      const int result = deflate(&stream, is_last ? FlushOf(then) : Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return Error::New("zlib cannot compress the body");
      const std::size_t made = kPiece - stream.avail_out;
      if (made == 0) break;
      if (Error err = next.Write({state_->out, made})) return err;
    } while (stream.avail_out == 0);
  } while (!data.empty());
  return {};
}

}  // namespace weft::internal
