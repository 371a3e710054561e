// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_TRACE_CONTEXT_H_
#define WEFT_HANDLERS_MIDDLEWARE_TRACE_CONTEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include <weft/concurrency/work_ids.h>
#include <weft/handlers/handler.h>

namespace weft {

struct TraceContextOptions {
  // Joins the trace of the caller. False: each request starts one, for servers that anybody can
  // reach.
  bool accept = true;
};

// Gives each request a place in a distributed trace (W3C Trace Context): that of its traceparent
// field with a span of its own below the caller's, or a new trace, not sampled, if there is none or
// it is malformed. TraceOf(ctx) and TraceIdOf(ctx) say it to everything that works for the request,
// and to HttpClient, which can pass it on; log lines have it by %Q (log_pattern.h). It records
// nothing.
//
//   mux.Use(weft::TraceContext());
Middleware TraceContext(TraceContextOptions options = {});

// A traceparent field: version 00 as the standard says, later ones as far as they are known; empty
// if it is malformed or all zeros. parent_id is the caller's span, span_id and state are empty.
std::optional<TraceIds> ParseTraceparent(std::string_view text);

// The traceparent field for a call in the name of this piece of work: its span is the callee's
// parent.
std::string FormatTraceparent(const TraceIds& ids);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_TRACE_CONTEXT_H_
