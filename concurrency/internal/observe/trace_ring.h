// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_TRACE_RING_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_TRACE_RING_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/concurrency/internal/base/tracing.h>

namespace weft::internal {

// The last events of one thread. That thread writes, any thread may read at any time.
//
// An event is published by the store of the head after it. All words are stored with release and read with acquire, so a reader
// that sees a word of event n also sees a head of at least n. What may have been overwritten during the copy is below
// head - size + 1, where head is read after the copy.
class TraceRing {
 public:
  // `trace` and `loop` say whose events these are. Null if there is no memory.
  static TraceRing* Make(std::uint64_t trace, const void* loop, std::size_t events, std::string name) noexcept;
  ~TraceRing();
  TraceRing(const TraceRing&) = delete;
  TraceRing& operator=(const TraceRing&) = delete;

  bool IsFor(std::uint64_t trace, const void* loop) const noexcept { return trace == trace_ && loop == loop_; }
  void Put(const TraceEvent& event) noexcept;
  // Returns the events that are left; adds the number of the others to `lost`.
  TraceTrack Read(std::uint64_t& lost) const;

 private:
  TraceRing(std::uint64_t trace, const void* loop, std::uint64_t* words, std::size_t events, std::string name);

  const std::uint64_t trace_;
  const void* const loop_;
  std::uint64_t* const words_;  // zero pages until they are used
  const std::size_t size_;      // a power of two
  const std::string name_;
  std::atomic<std::uint64_t> head_{0};  // the number of events ever put
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_TRACE_RING_H_
