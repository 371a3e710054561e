// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_WORK_IDS_H_
#define WEFT_CONCURRENCY_WORK_IDS_H_

#include <string>
#include <string_view>

#include <weft/concurrency/context.h>

// The ids by which a piece of work is known outside of its fiber: in log lines, and to the services
// that it calls. They are values of its context, so its group members, Offload and AfterFunc have
// them too. Middleware sets them for requests. A job from elsewhere may set its own:
//
//   weft::Error RunJob(const weft::Context& parent, const Job& job) {
//     const weft::Context ctx = weft::WithRequestId(parent, job.id);
//     return Work(ctx, job);                       // its log lines carry the id
//   }
//
// All functions may be called from any thread, and never suspend.

namespace weft {

// The position of a piece of work in a distributed trace (W3C Trace Context).
struct TraceIds {
  // 32 lowercase hexadecimal digits, the same in all services.
  std::string trace_id = {};
  // 16 of them: this piece of work.
  std::string span_id = {};
  // 16 of them: the work that asked for it. Empty if the trace starts here.
  std::string parent_id = {};
  // Whether the caller records this trace.
  bool sampled = false;
  // The tracestate field, unchanged.
  std::string state = {};
};

// The id that `ctx` or an ancestor was given; empty if there is none. The view is valid as long as
// a context that carries the id lives.
std::string_view RequestIdOf(const Context& ctx);
std::string_view TraceIdOf(const Context& ctx);

// All ids of the trace; null if there is none.
const TraceIds* TraceOf(const Context& ctx);

// The parent with an id. Ids are written to log lines as they are, so never pass one that a client
// could choose freely.
Context WithRequestId(const Context& parent, std::string_view id);
Context WithTrace(const Context& parent, TraceIds ids);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_WORK_IDS_H_
