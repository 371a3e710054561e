// SPDX-License-Identifier: Apache-2.0

// A page that shows what happens in the server, as it happens: server-sent events, which browsers read with EventSource.
//
//   build/release/examples/events --address 127.0.0.1:8080     and open http://127.0.0.1:8080/
//   curl -N http://127.0.0.1:8080/ticks
//
// A browser that was away for a moment, or over a restart, comes back by itself and gets what it has missed.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/services.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/live/events.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "server_flags.h"

namespace {

constexpr std::string_view kPage = R"(<!doctype html>
<meta charset="utf-8">
<title>events</title>
<p><span id="state"></span></p>
<ol id="log"></ol>
<script>
  const log = document.getElementById("log"), state = document.getElementById("state");
  function listen() {
    const source = new EventSource("/ticks");
    source.onopen = () => state.textContent = "connected";
    source.onerror = () => {
      state.textContent = "reconnecting";
      // The browser does that by itself, but not after a response that is an error, such as a proxy's 502 in a restart.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1000 + 2000 * Math.random());
    };
    source.addEventListener("tick", e => {
      const item = log.appendChild(document.createElement("li"));
      item.value = e.lastEventId;
      item.textContent = e.data;
    });
  }
  listen();
</script>
)";

struct Tick {
  std::uint64_t number;
  std::string text;
};

// The ticks of this process, which begin where the clock is, so that they continue across a restart.
class Ticks {
 public:
  weft::Error Run(const weft::Context& ctx) {
    for (weft::Ticker ticker(std::chrono::milliseconds(250));;) {
      if (weft::Error err = ticker.Wait(ctx).Err()) return err;
      Tick tick{number_++, "tick"};
      std::lock_guard hold(lock_);
      kept_.push_back(tick);
      if (kept_.size() > 1000) kept_.pop_front();
      all_.Publish(tick);
    }
  }

  // The subscription and what it was too late for are one cut: no tick is in both, and none in neither.
  weft::Subscription<Tick> Subscribe(std::uint64_t seen, std::vector<Tick>& missed) {
    std::lock_guard hold(lock_);
    for (const Tick& tick : kept_) {
      if (seen != 0 && tick.number > seen) missed.push_back(tick);
    }
    return all_.Subscribe({.capacity = 16, .when_full = weft::WhenFull::kDisconnect});
  }

 private:
  std::mutex lock_;
  std::uint64_t number_ = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / std::chrono::milliseconds(250));
  std::deque<Tick> kept_;
  weft::Broadcast<Tick> all_;
};

weft::ServerSentEvent AsEvent(const Tick& tick) { return {.id = std::to_string(tick.number), .event = "tick", .data = tick.text}; }

weft::Error Serve(Ticks& ticks, weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
  if (weft::Error err = events.Err()) return err;
  std::vector<Tick> missed;
  const std::uint64_t seen = std::strtoull(std::string(events->LastEventId()).c_str(), nullptr, 10);
  const weft::Subscription<Tick> mine = ticks.Subscribe(seen, missed);
  for (const Tick& tick : missed) {
    if (weft::Error err = events->Send(AsEvent(tick))) return err;
  }
  return events->Forward(r.Ctx(), mine, AsEvent);
}

}  // namespace

int main(int argc, char** argv) {
  const weft::ServerOptions options = ServerFlags(argc, argv, "events", "127.0.0.1:8080");

  Ticks ticks;
  weft::Mux mux;
  mux.Handle("GET /{$}", [](weft::ResponseWriter& w, weft::Request&) {
    w.Header().Set("Content-Type", "text/html; charset=utf-8");
    return w.Write(kPage);
  });
  mux.Handle("GET /ticks", [&](weft::ResponseWriter& w, weft::Request& r) { return Serve(ticks, w, r); });

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err = weft::RunServices(ctx, {
      {"ticks", [&](const weft::Context& c) { return ticks.Run(c); }},
      {"server", [&](const weft::Context& c) { return weft::ListenAndServe(c, options, mux); }},
  });
  return err ? std::fprintf(stderr, "events: %s\n", err.Message().c_str()), 1 : 0;
}
