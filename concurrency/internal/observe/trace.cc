// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/trace.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/internal/observe/trace_ring.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft {
namespace internal {

constinit std::atomic<std::uint64_t> g_trace{0};

namespace {

constexpr std::size_t kEventsMax = std::size_t{1} << 32;

// The trace that is recorded. Never destroyed, so that threads which end after main may still use it.
struct Recording {
  ThreadMutex lock;
  std::uint64_t last WEFT_GUARDED_BY(lock) = 0;  // number of the newest trace
  bool on WEFT_GUARDED_BY(lock) = false;
  std::size_t events WEFT_GUARDED_BY(lock) = 0;
  std::int64_t begin_ns WEFT_GUARDED_BY(lock) = 0;
  std::vector<std::shared_ptr<TraceRing>> rings WEFT_GUARDED_BY(lock);
};
Recording& TheRecording() {
  static auto* recording = new Recording;
  return *recording;
}

constinit thread_local TraceRing* t_ring = nullptr;
constinit thread_local bool t_ended = false;
constinit thread_local bool t_offload = false;

// Keeps the ring of this thread: it may write to it for a moment after the trace was stopped.
struct RingOwner {
  ~RingOwner() {
    t_ring = nullptr;
    t_ended = true;
  }
  std::shared_ptr<TraceRing> ring;
};
thread_local RingOwner t_owner;

std::string TrackName(const LoopCore* loop) {
  const std::string thread = " (thread " + std::to_string(gettid()) + ")";
  if (loop != nullptr) return "loop " + std::to_string(loop->index()) + thread;
  return (t_offload ? "offload" : "thread") + thread;
}

// The ring of this thread for what is recorded now, or null.
__attribute__((noinline)) TraceRing* NewRing(const LoopCore* loop) noexcept try {
  if (t_ended) return nullptr;
  Recording& recording = TheRecording();
  std::lock_guard hold(recording.lock);
  if (!recording.on) return nullptr;
  t_ring = nullptr;
  t_owner.ring.reset(TraceRing::Make(recording.last, loop, recording.events, TrackName(loop)));
  if (t_owner.ring == nullptr) return nullptr;
  recording.rings.push_back(t_owner.ring);
  t_ring = t_owner.ring.get();
  return t_ring;
} catch (const std::bad_alloc&) {
  return nullptr;  // what happens here is not recorded, but it happens
}

void Put(TraceEvent& event) noexcept {
  const LoopCore* loop = t_loop;
  TraceRing* ring = t_ring;
  const std::uint64_t trace = g_trace.load(std::memory_order_relaxed);
  if (trace == 0) return;
  if (event.kind == TraceKind::kOffloadBegin) t_offload = true;
  if (ring == nullptr || !ring->IsFor(trace, loop)) ring = NewRing(loop);
  if (ring == nullptr) return;
  event.time_ns = RealNowNs();
  ring->Put(event);
}

}  // namespace

void RecordTrace(TraceKind kind, const FiberRecord& fiber, std::uint64_t other, std::uint32_t detail) noexcept {
  TraceEvent event;
  event.kind = kind;
  event.detail = detail;
  event.fiber = fiber.Id();
  event.other = other;
  fiber.CopyName(reinterpret_cast<char*>(event.name), sizeof(event.name));
  Put(event);
}

void RecordTraceCancel(const void* context) noexcept {
  TraceEvent event;
  event.kind = TraceKind::kCancel;
  event.other = reinterpret_cast<std::uintptr_t>(context);
  Put(event);
}

void RecordTraceStop(const FiberRecord& fiber, bool ended) noexcept {
  if (ended) {
    RecordTrace(TraceKind::kEnd, fiber, 0, 0);
  } else if (fiber.State() == FiberState::kParked) {
    RecordTrace(TraceKind::kPark, fiber, reinterpret_cast<std::uintptr_t>(fiber.WaitsFor()), 0);
  } else {
    RecordTrace(TraceKind::kYield, fiber, 0, 0);
  }
}

void RecordTraceWake(const FiberRecord& fiber, std::uint32_t outcome) noexcept {
  const FiberCore* waker = CurrentFiber();
  RecordTrace(TraceKind::kWake, fiber, waker != nullptr ? waker->record.Id() : 0, outcome);
}

}  // namespace internal

Error StartTrace(const TraceOptions& options) {
  if (options.events_per_thread > internal::kEventsMax) {
    return Error(std::errc::not_enough_memory).Wrap("StartTrace: " + std::to_string(options.events_per_thread) + " events for each thread");
  }
  internal::Recording& recording = internal::TheRecording();
  std::lock_guard hold(recording.lock);
  if (recording.on) return Error(std::errc::device_or_resource_busy).Wrap("StartTrace: another trace is being recorded");
  recording.on = true;
  recording.events = std::bit_ceil(std::max<std::size_t>(options.events_per_thread, 2));
  recording.begin_ns = internal::RealNowNs();
  internal::g_trace.store(++recording.last, std::memory_order_relaxed);
  return {};
}

Result<Trace> StopTrace() {
  internal::Recording& recording = internal::TheRecording();
  std::vector<std::shared_ptr<internal::TraceRing>> rings;
  auto data = std::make_shared<internal::TraceData>();
  {
    std::lock_guard hold(recording.lock);
    if (!recording.on) return Error(std::errc::operation_not_permitted).Wrap("StopTrace: no trace is being recorded");
    internal::g_trace.store(0, std::memory_order_relaxed);
    recording.on = false;
    rings.swap(recording.rings);
    data->begin_ns = recording.begin_ns;
  }
  for (const auto& ring : rings) {
    data->tracks.push_back(ring->Read(data->lost));
    data->events += data->tracks.back().events.size();
  }
  data->end_ns = internal::RealNowNs();
  return Trace(std::move(data));
}

std::string Trace::ToJson() const { return internal::TraceToJson(*data_); }
std::uint64_t Trace::Events() const { return data_->events; }
std::uint64_t Trace::Lost() const { return data_->lost; }

Error Trace::WriteJson(const std::string& path) const {
  const auto failed = [&] { return Error(std::error_code(errno, std::system_category())).Wrap("write the trace to " + path); };
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed();
  const std::string text = ToJson();
  std::size_t written = 0;
  Error err;
  while (written < text.size() && !err) {
    const ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n > 0) written += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) err = failed();
  }
  if (close(fd) != 0 && !err) err = failed();
  return err;
}

}  // namespace weft
