// SPDX-License-Identifier: Apache-2.0

// Work that continues after the response, and that the server must finish before it ends. The trap: a handler that starts something and
// forgets it. The client has got "accepted", the server gets its SIGTERM, drains its requests, ends, and the work is cut off in the middle,
// now and then, without a trace. What it shows:
//
// - The work belongs to main: a Group that is built before the server starts and waited for after the server has returned. Handlers
//   only add to it.
// - Its context is not the one that the signal ends, and not that of the request, which is canceled when its handler returns. Each
//   piece of work has a time limit of its own instead, so the end is bounded.
// - The group is bounded as well: when it is full the response is 503, and nothing has been promised.
// - The closure holds its data by value: the request is gone when it runs.
//
//   build/release/examples/background_work --address 127.0.0.1:8080 &
//   curl -d 'a letter' http://127.0.0.1:8080/work; kill %1
//
// Exit code: 0 if all that was accepted is done, 1 otherwise, 2 for flags that it does not understand.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "flags.h"

namespace {

struct Counts {
  std::atomic<int> accepted{0};
  std::atomic<int> done{0};
  std::atomic<int> failed{0};
};

// Stands for a call to something slow, such as a mail server.
weft::Error Deliver(const weft::Context& ctx, const std::string&, weft::Duration takes) { return weft::Sleep(ctx, takes); }

class Deliveries {
 public:
  // `ctx` is not to end before the server has.
  Deliveries(const weft::Context& ctx, int limit, weft::Duration takes)
      : takes_(takes), group_(ctx, {.limit = limit, .spread = true}) {}

  // Never waits. False: too much is on its way.
  bool Accept(std::string text) {
    const bool started = group_.TryGo("delivery", [this, letter = std::move(text)](const weft::Context& ctx) {
      const weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(30));
      // A failure is counted and not returned: an error would cancel all other deliveries.
      const weft::Error err = Deliver(scope.ctx, letter, takes_);
      ++(err ? counts_.failed : counts_.done);
    });
    if (started) ++counts_.accepted;
    return started;
  }

  weft::Error Finish() {
    if (weft::Error err = group_.Wait()) return err;
    std::printf("accepted %d, done %d, failed %d\n", counts_.accepted.load(), counts_.done.load(), counts_.failed.load());
    return counts_.accepted == counts_.done ? weft::Error() : weft::Error::New("not all that was accepted is done");
  }

 private:
  const weft::Duration takes_;
  Counts counts_;
  weft::Group group_;  // last: it is joined first
};

struct Settings {
  weft::ServerOptions server{.address = "127.0.0.1:8080"};
  int limit = 1000;
  weft::Duration takes = std::chrono::milliseconds(200);
};

weft::Error Serve(const weft::Context& ctx, const Settings& settings) {
  Deliveries deliveries(weft::WithoutCancel(ctx), settings.limit, settings.takes);
  weft::Mux mux;
  mux.Handle("POST /work", [&](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
    r.Body().SetLimit(16 * 1024);
    weft::Result<std::string> text = r.Body().ReadAll();
    if (weft::Error err = text.Err()) return err;
    if (!deliveries.Accept(*std::move(text))) return weft::HttpError(503, "too many deliveries are on their way");
    w.WriteHeader(202);
    return w.Write("accepted\n");
  });
  weft::Error err = weft::ListenAndServe(ctx, settings.server, mux);  // after that no handler runs any more
  std::printf("the server has ended; finishing what it has accepted\n");
  if (weft::Error unfinished = deliveries.Finish()) return unfinished;
  return err;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  int loops = 0;
  Flags flags(argc, argv, "usage: background_work [--address HOST:PORT] [--loops N] [--limit N] [--takes MILLISECONDS]");
  while (flags.Next()) {
    if (flags.Is("--address")) {
      settings.server.address = flags.Text();
    } else if (flags.Is("--loops")) {
      loops = flags.Number(1, 1024);
    } else if (flags.Is("--limit")) {
      settings.limit = flags.Number(1, 1'000'000);
    } else if (flags.Is("--takes")) {
      settings.takes = std::chrono::milliseconds(flags.Number(0, 20'000));
    } else {
      flags.Unknown();
    }
  }
  if (weft::Error err = settings.server.Validate()) flags.Fail("--address: " + err.Message());
  settings.server.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };

  // The loops are main's, so that they outlive the server: what it has left to do runs on them.
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err =
      weft::Run(ctx, {.loops = loops}, [&](const weft::Context& run_ctx) { return Serve(run_ctx, settings); });
  if (err) {
    std::fprintf(stderr, "background_work: %s\n", err.Message().c_str());
    return 1;
  }
}
