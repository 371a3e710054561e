// SPDX-License-Identifier: Apache-2.0
#include <weft/server/listen_and_serve.h>

#include <string>
#include <utility>

#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>
#include <weft/handlers/log.h>
#include <weft/handlers/readiness.h>
#include <weft/net/internal/listener.h>
#include <weft/server/internal/drain.h>
#include <weft/server/internal/entrance.h>
#include <weft/server/internal/observers.h>
#include <weft/server/internal/server_list.h>
#include <weft/server/internal/server_state.h>
#include <weft/server/internal/workers.h>
#include <weft/server/observer.h>

namespace weft {
namespace {

// The life of a server, in the order in which its parts begin. They end in the reverse order, after the drain.
Error Serve(const Context& ctx, const ServerOptions& options, Handler handler, Observer& observer) {
  Result<internal::Listener> listener = internal::Listener::Open({.address = options.address,
                                                                  .descriptor = options.listener,
                                                                  .backlog = options.backlog,
                                                                  .unix_mode = options.unix_mode,
                                                                  .reuse_port = options.reuse_port});
  if (Error err = listener.Err()) return err;
  internal::ServerState shared(ctx, options, std::move(handler), observer);
  internal::Workers workers(shared);
  internal::Entrance entrance(shared, workers, *std::move(listener));
  Readiness::Report readiness(options.readiness);
  const internal::ServerListing listing({shared, workers, entrance.Bound()});
  internal::Drain drain(shared, workers, entrance, readiness, ctx);

  shared.observer.OnListening({entrance.Bound()});
  if (options.on_listen) options.on_listen(entrance.Bound());
  Error failure = drain.Watch();
  workers.ForEachOnLoop([&](internal::Worker& worker) {
    if (!failure) failure = worker.StartAccepting(entrance);
  });
  if (!failure) failure = entrance.Wait(ctx);

  const Error cut_off = drain.Run(failure ? failure : ctx.Cause());
  return failure ? failure : cut_off;
}

Error ServeOnOwnLoops(const Context& ctx, const ServerOptions& options, Handler handler, Observer& observer) {
  const std::string name = "server " + (options.listener < 0 ? options.address : "on descriptor " + std::to_string(options.listener));
  RunOptions run;
  run.loops = options.loops;
  run.stack_bytes = options.stack_bytes;
  run.name = name;
  run.on_stall = [&observer](const LoopStall& stall) { observer.OnLoopStalled({stall.fiber, stall.held, stall.stack}); };
  return Run(ctx, run, [&](const Context& c) { return Serve(c, options, std::move(handler), observer); });
}

}  // namespace

Error ListenAndServe(const Context& ctx, const ServerOptions& options, Handler handler) {
  if (Error err = options.Validate()) return err;
  const bool in_fiber = Loop::Current() != nullptr;
  if (in_fiber && options.loops != 0) {
    return Error::New("ListenAndServe: options.loops is " + std::to_string(options.loops) +
                      ", but in a fiber the server runs on that fiber's loops; leave it at 0, or call it on a plain thread");
  }
  internal::Observers observers(options);
  LogSession log;  // outlives the loops, so that their last lines are queued, too
  Error result = in_fiber ? Serve(ctx, options, std::move(handler), observers) : ServeOnOwnLoops(ctx, options, std::move(handler), observers);
  log.End(ctx);
  return result;
}

Error ListenAndServe(const Context& ctx, std::string_view address, Handler handler) {
  ServerOptions options;
  options.address = std::string(address);
  return ListenAndServe(ctx, options, std::move(handler));
}

}  // namespace weft
