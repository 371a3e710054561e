// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_LISTEN_AND_SERVE_H_
#define WEFT_SERVER_LISTEN_AND_SERVE_H_

#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>
#include <weft/server/options.h>

namespace weft {

// Listens on options.address and serves HTTP/1.1 (RFC 9112), and HTTP/2 where the options allow it,
// with `handler` until the context is done. Then it drains, and returns when everything that it has
// started has ended: connections, fibers, threads, descriptors. It is the only way to start a
// server, and it blocks. To run several servers, or a worker next to one, put them into a Group.
//
//   int main() {
//     auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
//     if (weft::Error err = weft::ListenAndServe(ctx, ":8080", MakeMux())) {
//       std::fprintf(stderr, "hello: %s\n", err.Message().c_str());
//       return 1;
//     }
//   }
//
// Each request runs in a fiber of its own. Its context has the values of `ctx` and a deadline
// (options.request_timeout), but not the cancellation of `ctx`, because a draining server still
// completes its requests. The context is canceled when the client disconnects, when the drain
// timeout expires, and when the handler has returned.
//
// On a plain thread it makes loops of its own (options.loops). In a fiber it serves on that fiber's
// scheduler and parks the caller; asking for a number of loops is then an Error.
//
// Returns an empty Error after a clean drain. Other errors are: invalid options; the address (in
// use, no permission); a broken listener, after the server has drained; and kServerClosing if the
// drain had to close something by force.
Error ListenAndServe(const Context& ctx, const ServerOptions& options, Handler handler);

// The same with default options.
Error ListenAndServe(const Context& ctx, std::string_view address, Handler handler);

}  // namespace weft

#endif  // WEFT_SERVER_LISTEN_AND_SERVE_H_
