// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_LISTEN_AND_SERVE_H_
#define WEFT_SERVER_LISTEN_AND_SERVE_H_

#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>
#include <weft/server/options.h>

namespace weft {

// Listens on options.address and serves HTTP/1.1 (RFC 9112) with `handler` until the context is done; then drains, and returns when
// everything that it has started has ended: connections, fibers, threads, descriptors. It is the only way to start a server, and it
// blocks: to run several, or a worker beside it, put them into a Group.
//
// Each request runs in a fiber of its own, under a context that has the values of `ctx` but not its cancellation (requests are
// served to their end when the server drains) and a deadline (options.request_timeout). That context is canceled when the client
// goes away, when the drain runs out of patience, and when the handler has returned.
//
// On a plain thread it makes loops of its own (options.loops). In a fiber it serves on that fiber's scheduler and parks the caller;
// asking for a number of loops is then an Error.
//
// Returns an empty Error after a clean drain. Else: options that make no sense, the address (in use, no permission), a listener that
// broke (the server has drained before it returns that), or what a drain had to cut off (Is(kServerClosing)).
//
//   auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
//   if (weft::Error err = weft::ListenAndServe(ctx, ":8080", mux)) {
//     std::fprintf(stderr, "hello: %s\n", err.Message().c_str());
//     return 1;
//   }
Error ListenAndServe(const Context& ctx, const ServerOptions& options, Handler handler);

// The same with default options.
Error ListenAndServe(const Context& ctx, std::string_view address, Handler handler);

}  // namespace weft

#endif  // WEFT_SERVER_LISTEN_AND_SERVE_H_
