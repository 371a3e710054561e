// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_RESPONSE_READER_H_
#define WEFT_BENCH_LOAD_RESPONSE_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::bench {

// Where one answer of a keep-alive connection ends, as its head says it.
struct Framing {
  int status = 0;
  bool chunked = false;
  bool broken = false;              // not an HTTP head, or one without Content-Length and chunked coding
  std::uint64_t body_bytes = 0;
};

// Remembers the last head that was parsed. The answers of one run differ only when the Date moves on, so that nearly
// every head costs one comparison. Shared by all readers of a thread.
struct HeadCache {
  std::string head;
  Framing framing;
};

// Counts the answers in the byte stream of one connection, however the bytes are cut. Content-Length and chunked bodies
// are understood; an answer that ends with its connection is not, since the load asks for keep-alive.
class ResponseReader {
 public:
  struct Tally {
    int complete = 0;      // answers that ended in these bytes, whatever their status
    int failed = 0;        // those of them whose status is not 200
    bool broken = false;   // the stream is no HTTP any more; the connection is of no further use
  };

  explicit ResponseReader(HeadCache& cache) : cache_(&cache) {}

  Tally Consume(std::string_view bytes);

  // How many bytes at least are body and nothing else, beginning with the next one: the caller may throw them away unseen, if it tells.
  // The last byte of a body is never among them, so that its end is seen by Consume.
  std::uint64_t Skippable() const;
  void Skip(std::uint64_t bytes) { left_ -= bytes; }

 private:
  enum class State { kHead, kBody, kChunkSize, kChunkData, kTrailer };

  void ConsumeHead(std::string_view& bytes, Tally& tally);
  void ConsumeLine(std::string_view& bytes, Tally& tally);
  void BeginBody(std::string_view head, Tally& tally);
  void Finish(Tally& tally);

  HeadCache* cache_;
  State state_ = State::kHead;
  bool failed_ = false;
  std::uint64_t left_ = 0;  // bytes of the body, or of the chunk and the line end behind it
  std::string partial_;     // a head or a line whose end has not come yet
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_RESPONSE_READER_H_
