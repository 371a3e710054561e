// SPDX-License-Identifier: Apache-2.0
//
// Events to very many clients: those of examples/events.cc, which begin when somebody asks for it, so that all clients are there first. And the loop
// tells how long it is held.
//
//   events --address 127.0.0.1:0
//   GET /ticks     four events a second
//   GET /          a small page, for a polite client
//   GET /start     the events begin; /stop ends them
//   GET /longest   the longest piece of the next two seconds, in milliseconds

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/services.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/live/events.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "servers/options.h"

namespace {

constexpr auto kEvery = std::chrono::microseconds(250);

struct Tick {
  std::uint64_t number;
  std::string text;
};

weft::Error Publish(const weft::Context& ctx, const std::atomic<bool>& started, const weft::Broadcast<Tick>& all) {
  std::uint64_t number = 1'000'000'000;
  for (weft::Ticker ticker(std::chrono::milliseconds(250));;) {
    if (weft::Error err = ticker.Wait(ctx).Err()) return err;
    if (started) all.Publish(Tick{number++, "tick"});
  }
}

// A timer that is late by as long as the loop was held by one piece.
class Pulse final : weft::LoopTimer {
 public:
  explicit Pulse(weft::Loop& loop) : LoopTimer(&Fire), loop_(loop) { Next(); }
  ~Pulse() { loop_.Disarm(*this); }
  weft::Duration Longest() const { return longest_; }

 private:
  static void Fire(weft::LoopTimer* timer) {
    auto* const self = static_cast<Pulse*>(timer);
    self->longest_ = std::max(self->longest_, weft::Now() - self->due_);
    self->Next();
  }
  void Next() {
    due_ = weft::Now() + kEvery;
    loop_.Arm(*this, due_);
  }

  weft::Loop& loop_;
  weft::TimePoint due_;
  weft::Duration longest_{};
};

weft::Error Longest(weft::ResponseWriter& w, weft::Request& r) {
  const Pulse pulse(*weft::Loop::Current());
  if (weft::Error err = weft::Sleep(r.Ctx(), std::chrono::seconds(2))) return err;
  char text[32];
  std::snprintf(text, sizeof text, "longest=%.2f\n", std::chrono::duration<double, std::milli>(pulse.Longest()).count());
  return w.Write(text);
}

weft::Error Serve(const weft::Broadcast<Tick>& all, weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
  if (weft::Error err = events.Err()) return err;
  const weft::Subscription<Tick> mine = all.Subscribe({.capacity = 16, .when_full = weft::WhenFull::kDisconnect});
  return events->Forward(r.Ctx(), mine, [](const Tick& tick) {
    return weft::ServerSentEvent{.id = std::to_string(tick.number), .event = "tick", .data = tick.text};
  });
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options = weft::bench::OptionsOf(argc, argv);
  std::atomic<bool> started = false;
  const weft::Broadcast<Tick> all;
  weft::Mux mux;
  mux.Handle("GET /{$}", [](weft::ResponseWriter& w, weft::Request&) { return w.Write("a page\n"); });
  mux.Handle("GET /ticks", [&](weft::ResponseWriter& w, weft::Request& r) { return Serve(all, w, r); });
  mux.Handle("GET /longest", Longest);
  mux.Handle("GET /start", [&](weft::ResponseWriter& w, weft::Request&) {
    started = true;
    return w.Write("started\n");
  });
  mux.Handle("GET /stop", [&](weft::ResponseWriter& w, weft::Request&) {
    started = false;
    return w.Write("stopped\n");
  });
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err = weft::RunServices(ctx, {
      {"ticks", [&](const weft::Context& c) { return Publish(c, started, all); }},
      {"server", [&](const weft::Context& c) { return weft::ListenAndServe(c, options, mux); }},
  });
  return err ? std::fprintf(stderr, "events: %s\n", err.Message().c_str()), 1 : 0;
}
