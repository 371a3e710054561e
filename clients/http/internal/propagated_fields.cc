// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/propagated_fields.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include <weft/concurrency/work_ids.h>

namespace weft::internal {
namespace {

// The span that the server's work has for its parent. W3C Trace Context section 2.2.2: the caller's own span.
void AddTrace(const TraceIds& trace, Fields& out) {
  out.Add("traceparent", "00-" + trace.trace_id + "-" + trace.span_id + (trace.sampled ? "-01" : "-00"));
  if (!trace.state.empty()) out.Add("tracestate", trace.state);
}

}  // namespace

bool AddPropagated(const Context& ctx, const Propagate& what, Fields& out) {
  if (!what.deadline_field.empty()) {
    if (const std::optional<TimePoint> deadline = ctx.Deadline()) {
      const std::int64_t left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Now()).count();
      out.Add(what.deadline_field, std::to_string(std::max<std::int64_t>(left, 1)));
    }
  }
  if (what.trace) {
    if (const TraceIds* trace = TraceOf(ctx)) AddTrace(*trace, out);
  }
  if (what.request_id) {
    if (const std::string_view id = RequestIdOf(ctx); !id.empty()) out.Add("X-Request-Id", id);
  }
  return out.Size() != 0;
}

}  // namespace weft::internal
