// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_TRACING_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_TRACING_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::internal {

class FiberRecord;

// The points of the library that a trace records. Each calls one of the functions below, which costs a load and a branch while
// nothing is traced.
enum class TraceKind : std::uint8_t {
  kStart,         // of a fiber; other: its parent
  kWake,          // of a fiber; other: the fiber that woke it, or 0; detail: the outcome of its wait
  kResume,        // the fiber begins to run here
  kPark,          // it stops: waits; other: for what (a literal)
  kYield,         // it stops: lets others go first
  kEnd,           // it stops: for good
  kOffloadBegin,  // of a function of the fiber
  kOffloadEnd,
  kCancel,        // of a context; other: its address
};

// One cache line each.
struct TraceEvent {
  static constexpr std::size_t kNameWords = 4;
  static constexpr std::size_t kWords = 4 + kNameWords;

  std::int64_t time_ns = 0;
  TraceKind kind{};
  std::uint32_t detail = 0;
  std::uint64_t fiber = 0;
  std::uint64_t other = 0;
  std::uint64_t name[kNameWords] = {};  // of the fiber, shortened; so an event is complete even if others were lost
};

// What one thread did, in the order of time.
struct TraceTrack {
  std::string name;
  std::vector<TraceEvent> events;
};

struct TraceData {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::vector<TraceTrack> tracks;
  std::uint64_t events = 0;
  std::uint64_t lost = 0;
};
std::string TraceToJson(const TraceData& data);

// The number of the trace that is being recorded; 0: none is.
extern constinit std::atomic<std::uint64_t> g_trace;

void RecordTrace(TraceKind kind, const FiberRecord& fiber, std::uint64_t other, std::uint32_t detail) noexcept;
void RecordTraceCancel(const void* context) noexcept;
// The end of a run: what the fiber does now is in its record.
void RecordTraceStop(const FiberRecord& fiber, bool ended) noexcept;
void RecordTraceWake(const FiberRecord& fiber, std::uint32_t outcome) noexcept;

inline bool Tracing() noexcept { return g_trace.load(std::memory_order_relaxed) != 0; }

inline void TraceStart(const FiberRecord& fiber, std::uint64_t parent) noexcept {
  if (Tracing()) [[unlikely]] RecordTrace(TraceKind::kStart, fiber, parent, 0);
}
inline void TraceResume(const FiberRecord& fiber) noexcept {
  if (Tracing()) [[unlikely]] RecordTrace(TraceKind::kResume, fiber, 0, 0);
}
inline void TraceStop(const FiberRecord& fiber, bool ended) noexcept {
  if (Tracing()) [[unlikely]] RecordTraceStop(fiber, ended);
}
// After the claim and before anything that lets the fiber run: an arrow does not lead back in time.
inline void TraceWake(const FiberRecord& fiber, std::uint32_t outcome) noexcept {
  if (Tracing()) [[unlikely]] RecordTraceWake(fiber, outcome);
}
inline void TraceOffload(TraceKind kind, const FiberRecord& fiber) noexcept {
  if (Tracing()) [[unlikely]] RecordTrace(kind, fiber, 0, 0);
}
inline void TraceCancel(const void* context) noexcept {
  if (Tracing()) [[unlikely]] RecordTraceCancel(context);
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_TRACING_H_
