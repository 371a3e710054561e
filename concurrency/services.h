// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SERVICES_H_
#define WEFT_CONCURRENCY_SERVICES_H_

#include <functional>
#include <source_location>
#include <string_view>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {

// One of the parts that a program consists of: a server, a worker. `run` returns when its context
// is done, and returns no error if it has then ended in good order, as ListenAndServe does.
struct Service {
  std::string_view name;  // of its fiber in lists; what it points to outlives RunServices
  std::function<Error(const Context&)> run;
};

// Runs services side by side until they are to end, and ends them in order. All are started, from
// the first to the last, before anybody looks at the context, so each may rely on the others at
// every moment: none is left out when a signal comes early. When the context is done, or a service
// returns an Error, they are canceled and joined one by one, from the last to the first: the first
// one outlives all others. List first what the others, or those who watch them, still need while
// they end.
//
// Returns the first Error (an exception counts as one); so does a service that cannot be started,
// after those before it have been ended. A service that returns without an Error before it is asked
// to end is simply done. One that returns the cancellation that was its end has done what it was
// told. The services' contexts carry the values of `ctx`, and its cause when it is done.
//
// On a plain thread each service runs in a thread of its own; in a fiber, in a fiber of the
// caller's loop.
//
//   auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
//   weft::Error err = weft::RunServices(ctx, {
//       {"debug", [&](const weft::Context& ctx) { return weft::ListenAndServe(ctx, debug_options, debug_mux); }},
//       {"app", [&](const weft::Context& ctx) { return weft::ListenAndServe(ctx, app_options, app_mux); }},
//   });
Error RunServices(const Context& ctx, std::vector<Service> services, std::source_location where = std::source_location::current());

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SERVICES_H_
