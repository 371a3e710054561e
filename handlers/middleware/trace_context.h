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
  // Joins the trace of the caller. False: each request starts a new one, for servers that any
  // client can reach.
  bool accept = true;
};

// Gives each request a position in a distributed trace (W3C Trace Context): the trace of its
// traceparent field, with a new span below the caller's; or a new trace, not sampled, if there is
// no such field or it is malformed. TraceOf(ctx) and TraceIdOf(ctx) return it for everything that
// works for the request. HttpClient can pass it on, and log lines have it by %Q (log_pattern.h). It
// records nothing.
//
//   mux.Use(weft::TraceContext());
Middleware TraceContext(TraceContextOptions options = {});

// Reads a traceparent field: version 00 as standardized, later ones as far as they are known. Empty
// if it is malformed or all zeros. parent_id is the caller's span; span_id and state are empty.
std::optional<TraceIds> ParseTraceparent(std::string_view text);

// Formats the traceparent field for a call that is part of this work: its span is the callee's
// parent.
std::string FormatTraceparent(const TraceIds& ids);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_TRACE_CONTEXT_H_
