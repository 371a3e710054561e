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

// A part of a program, such as a server or a worker.
struct Service {
  // The name of its fiber in lists. What it points to must outlive RunServices.
  std::string_view name;
  // Returns when its context is done, and returns no error if it has shut down cleanly, as
  // ListenAndServe does.
  std::function<Error(const Context&)> run;
};

// Runs services side by side until they are to end, and then stops them in order.
//
//   int main() {
//     auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
//     weft::Error err = weft::RunServices(ctx, {
//         {"debug", [](const weft::Context& c) { return ServeDebugPages(c); }},
//         {"app", [](const weft::Context& c) { return ServeApp(c); }},
//     });
//     return err ? 1 : 0;
//   }
//
// Start. All services are started, from the first to the last, before the context is checked. So
// each service may rely on the others at every moment, and an early signal leaves none out.
//
// Stop. When the context is done, or a service returns an Error, the services are canceled and
// joined one at a time, from the last to the first. The first one outlives all others: list first
// what the others, or their observers, still need during shutdown.
//
// Errors. Returns the first Error (an exception counts as one). If a service cannot be started,
// those before it are stopped, and that error is returned. A service that returns without an Error
// before it was asked to stop is simply finished. One that returns the cancellation that stopped it
// has not failed.
//
// The services' contexts carry the values of `ctx`, and its cause once it is done. On a plain
// thread each service runs in a thread of its own; in a fiber, in a fiber of the caller's loop.
// Waits until all services have ended. `where` is what fiber lists show as the place of the start.
Error RunServices(const Context& ctx, std::vector<Service> services,
                  std::source_location where = std::source_location::current());

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SERVICES_H_
