// SPDX-License-Identifier: Apache-2.0

// What docs/concurrency.md says about thread pools: the size of Offload's under a server, and one of the program's own.
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/server/listen_and_serve.h>
#include <weft/server/options.h>
#include "check.h"

weft::Error Serve(const weft::Context& ctx, const weft::ServerOptions& options, const weft::Handler& handler) {
  return weft::Run(ctx, {.loops = 4, .offload_threads = 32}, [&](const weft::Context& c) {
    return weft::ListenAndServe(c, options, handler);        // on these loops; options.loops stays 0
  });
}

int Compute(int n) { return n * n; }

weft::Result<int> OnPool(const weft::Context& ctx, boost::asio::thread_pool& pool, int n) {
  const weft::Chan<int> done(1);                             // room for the result, so the task never waits
  boost::asio::post(pool, [done, n] { (void)done.TrySend(Compute(n)); });   // by value: it may outlive this call
  return done.Receive(ctx);                                  // parks the fiber; ends with ctx, and the task runs on
}

int main() {
  boost::asio::thread_pool pool(2);  // outlives Run
  weft::Error err = weft::Run(weft::Background(), [&](const weft::Context& ctx) -> weft::Error {
    weft::Group group(ctx);
    for (int n = 0; n < 8; ++n) {
      group.Go("square", [&pool, n](const weft::Context& c) -> weft::Error {
        const weft::Result<int> square = OnPool(c, pool, n);
        if (weft::Error failed = square.Err()) return failed;
        Check(*square == n * n);
        return {};
      });
    }
    if (weft::Error failed = group.Wait()) return failed;

    weft::CancelScope scope = weft::WithCancel(ctx);
    scope.cancel(weft::Error::New("enough"));
    Check(OnPool(scope.ctx, pool, 3).Err().Is(weft::kCanceled));
    return {};
  });
  pool.join();
  Check(!err);

  weft::CancelScope stopped = weft::WithCancel(weft::Background());
  stopped.cancel(weft::Error::New("enough"));
  Check(!Serve(stopped.ctx, {.address = "127.0.0.1:0"}, [](weft::ResponseWriter&, weft::Request&) {}));
  return failures == 0 ? 0 : 1;
}
