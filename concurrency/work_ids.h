// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_WORK_IDS_H_
#define WEFT_CONCURRENCY_WORK_IDS_H_

#include <string>
#include <string_view>

#include <weft/concurrency/context.h>

// The ids under which a piece of work is known beyond its fiber: in log lines, and to the services
// that it calls. They are values of its context, so its group members, Offload and AfterFunc have
// them too. Middleware sets them for requests; a job that comes from elsewhere may set its own:
//
//   const weft::Context ctx = weft::WithRequestId(parent, job.id);

namespace weft {

// Where a piece of work belongs in a distributed trace (W3C Trace Context).
struct TraceIds {
  std::string trace_id = {};   // 32 hexadecimal digits in lower case, the same for all services
  std::string span_id = {};    // 16 of them: this piece of work
  std::string parent_id = {};  // 16 of them: who asked for it; empty if it starts the trace
  bool sampled = false;        // whether the caller records this trace
  std::string state = {};      // tracestate, as it came
};

// The ids that `ctx` or an ancestor was given; empty if there are none. The views are valid as long
// as a context that carries them lives. Never suspend.
std::string_view RequestIdOf(const Context& ctx);
std::string_view TraceIdOf(const Context& ctx);

// All of a trace's ids; null if there are none.
const TraceIds* TraceOf(const Context& ctx);

// `parent` with an id. An id comes into log lines as it is: it must not hold what a client has
// chosen freely.
Context WithRequestId(const Context& parent, std::string_view id);
Context WithTrace(const Context& parent, TraceIds ids);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_WORK_IDS_H_
