// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TRACE_H_
#define WEFT_CONCURRENCY_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <weft/concurrency/error.h>

namespace weft {

namespace internal {
struct TraceData;
}

struct TraceOptions {
  // Memory for each thread that takes part, in events of 64 bytes, rounded up to a power of two; a
  // run of a fiber takes two events. When it is full the oldest events are overwritten, so a trace
  // shows what came before its end. The memory of a thread is given back when the thread ends or
  // the next trace begins. At least 2; above 2^32 StartTrace fails.
  std::size_t events_per_thread = 32 * 1024;
};

// What a process did, loop by loop, while it was traced: which fiber ran when, what it then waited
// for, who woke it, and what ran in Offload. A value; copies share their memory.
class Trace {
 public:
  // The Chrome trace event format, which ui.perfetto.dev and chrome://tracing open: a track for
  // each loop and each thread of Offload, with a slice for each run of a fiber. Arrows lead from
  // each start and each wake-up to the run that follows. A slice tells in its arguments the fiber's
  // id and what it waited for when it stopped. Times are real ones, also under RunTest.
  std::string ToJson() const;
  // The same into a file, which is overwritten. Blocks the thread: Offload it. Errors are those of
  // the system.
  Error WriteJson(const std::string& path) const;

  std::uint64_t Events() const;  // that are in it
  std::uint64_t Lost() const;    // that were overwritten by later ones

 private:
  friend Result<Trace> StopTrace();
  explicit Trace(std::shared_ptr<const internal::TraceData> data) : data_(std::move(data)) {}
  std::shared_ptr<const internal::TraceData> data_;
};

// Begins to record, in all schedulers of the process. At any time, from any fiber or thread;
// neither suspends, and nobody else is stopped. What records costs about 50 ns an event and takes
// no lock; while nobody traces, each place costs a load and a branch.
//
//   if (weft::Error err = weft::StartTrace()) return err;
//   Work(ctx);
//   weft::Result<weft::Trace> trace = weft::StopTrace();
//   if (trace.Ok()) return weft::Offload(ctx, [&] { return trace->WriteJson("weft-trace.json"); });
//
// StartTrace fails with std::errc::device_or_resource_busy while another trace is recorded, with
// std::errc::not_enough_memory for more events than TraceOptions allows, and StopTrace with
// std::errc::operation_not_permitted when none is.
Error StartTrace(const TraceOptions& options = {});
Result<Trace> StopTrace();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_TRACE_H_
