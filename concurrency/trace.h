// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TRACE_H_
#define WEFT_CONCURRENCY_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <weft/concurrency/error.h>

// Records what the process does, loop by loop: which fiber ran when, what it waited for afterwards,
// who woke it, and what ran in Offload.
//
//   weft::Error Profile(const weft::Context& ctx) {
//     if (weft::Error err = weft::StartTrace()) return err;
//     Work(ctx);
//     weft::Result<weft::Trace> trace = weft::StopTrace();
//     if (weft::Error err = trace.Err()) return err;
//     return weft::Offload(ctx, [&] { return trace->WriteJson("weft-trace.json"); });
//   }

namespace weft {

namespace internal {
struct TraceData;
}

struct TraceOptions {
  // Memory for each thread that takes part, counted in events of 64 bytes and rounded up to a power
  // of two. Each run of a fiber takes two events. When the memory is full, the oldest events are
  // overwritten, so a trace shows what happened before its end. The memory of a thread is freed
  // when the thread ends, or when the next trace starts. At least 2; StartTrace fails for more than
  // 2^32.
  std::size_t events_per_thread = 32 * 1024;
};

// A finished trace. It is a value; copies share their memory.
class Trace {
 public:
  // Returns it in the Chrome trace event format, which ui.perfetto.dev and chrome://tracing open.
  // There is a track for each loop and for each thread of Offload, with a slice for each run of a
  // fiber. Arrows lead from each start and each wake-up to the run that follows. The arguments of a
  // slice are the fiber's id and what it waited for when it stopped. Times are real ones, even
  // under RunTest.
  std::string ToJson() const;
  // Writes the same to a file, which is overwritten. It blocks the thread, so call it in an
  // Offload. Errors are those of the system.
  Error WriteJson(const std::string& path) const;

  // How many events it has, and how many were overwritten by later ones.
  std::uint64_t Events() const;
  std::uint64_t Lost() const;

 private:
  friend Result<Trace> StopTrace();
  explicit Trace(std::shared_ptr<const internal::TraceData> data) : data_(std::move(data)) {}
  std::shared_ptr<const internal::TraceData> data_;
};

// Start and stop recording in all schedulers of the process, at any time and from any fiber or
// thread. Neither suspends, and no other fiber or thread is stopped. An event costs about 50 ns and
// takes no lock. While there is no trace, each point that could record costs a load and a branch.
//
// StartTrace fails with std::errc::device_or_resource_busy while another trace is being recorded,
// and with std::errc::not_enough_memory for more events than TraceOptions allows. StopTrace fails
// with std::errc::operation_not_permitted if there is none.
Error StartTrace(const TraceOptions& options = {});
Result<Trace> StopTrace();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_TRACE_H_
