// SPDX-License-Identifier: Apache-2.0

// The examples in the headers of what starts fibers, joins them and passes values between them. tests/headers_test.sh compares them line by line.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <weft/concurrency/all.h>
#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/memory_stream.h>
#include <weft/concurrency/pending_receive.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/services.h>
#include <weft/concurrency/signals.h>
#include <weft/concurrency/singleflight.h>
#include <weft/concurrency/watch.h>
#include <weft/handlers/handler.h>

using weft::Context;

namespace group_h {

struct Page {
  Page() = default;
  Page(const std::string&, const std::string&) {}
};
weft::Error Fetch(const Context& ctx, const char* path, std::string& out) {
  out = path;
  return ctx.Err();
}
using Price = int;
weft::Result<Price> AskHost(const Context&, const char*) { return 1; }

weft::Error Load(const weft::Context& ctx, Page& page) {
  std::string user, orders;
  weft::Group group(ctx);
  group.Go("user", [&](const weft::Context& c) { return Fetch(c, "/user", user); });
  group.Go("orders", [&](const weft::Context& c) { return Fetch(c, "/orders", orders); });
  if (weft::Error err = group.Wait()) return err;
  page = Page(user, orders);
  return {};
}

weft::Result<Price> Ask(const weft::Context& ctx) {
  return weft::First<Price>(ctx, {
      [](const weft::Context& c) { return AskHost(c, "a.internal"); },
      [](const weft::Context& c) { return AskHost(c, "b.internal"); },
  });
}

}  // namespace group_h

namespace all_h {

struct Item {};
weft::Result<Item> Find(const Context&, int) { return Item(); }
weft::Result<std::string> LoadUser(const Context&, int) { return std::string("anna"); }
weft::Result<int> LoadOrders(const Context&, int id) { return id; }
weft::Error Render(const std::string&, int) { return {}; }

weft::Result<std::vector<Item>> Load(const weft::Context& ctx, const std::vector<int>& ids) {
  std::vector<std::function<weft::Result<Item>(const weft::Context&)>> lookups;
  for (int id : ids) lookups.push_back([id](const weft::Context& c) { return Find(c, id); });
  return weft::All<Item>(ctx, std::move(lookups));
}

weft::Error Show(const weft::Context& ctx, int id) {
  auto both = weft::All(ctx, [&](const weft::Context& c) { return LoadUser(c, id); },
                        [&](const weft::Context& c) { return LoadOrders(c, id); });
  if (weft::Error err = both.Err()) return err;
  auto& [user, orders] = *both;
  return Render(user, orders);
}

}  // namespace all_h

namespace services_h {

weft::Error ServeDebugPages(const Context& ctx) { return ctx.Wait(); }
weft::Error ServeApp(const Context& ctx) { return ctx.Wait(); }

int main() {
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::Error err = weft::RunServices(ctx, {
      {"debug", [](const weft::Context& c) { return ServeDebugPages(c); }},
      {"app", [](const weft::Context& c) { return ServeApp(c); }},
  });
  return err ? 1 : 0;
}

}  // namespace services_h

namespace singleflight_h {

struct Page {};
weft::Result<Page> Load(const Context&, const std::string&) { return Page(); }

class Pages {
 public:
  weft::Result<Page> Get(const weft::Context& ctx, const std::string& url) {
    auto page = pages_.Do(ctx, url, [url](const weft::Context& c) { return Load(c, url); });
    if (weft::Error err = page.Err()) return err;
    return page->value;
  }

 private:
  weft::Singleflight<std::string, Page> pages_;
};

}  // namespace singleflight_h

namespace run_h {

weft::Error Work(const Context& ctx) { return ctx.Err(); }

int main() {
  weft::Error err = weft::Run(weft::Background(), [](const weft::Context& ctx) -> weft::Error {
    return Work(ctx);
  });
  if (err) std::fprintf(stderr, "%s\n", err.Message().c_str());
  return err ? 1 : 0;
}

}  // namespace run_h

namespace chan_h {

struct Job {};
weft::Error Work(const Context& ctx, const Job&) { return ctx.Err(); }

weft::Error WorkOn(const weft::Context& ctx, std::vector<Job> all) {
  weft::Chan<Job> jobs(16);
  weft::Group group(ctx);
  group.Go("reader", [&](const weft::Context& c) -> weft::Error {
    for (Job& job : all) {
      if (weft::Error err = jobs.Send(c, std::move(job))) return err;
    }
    jobs.Close();
    return {};
  });
  group.Go("worker", [&](const weft::Context& c) {
    return jobs.ForEach(c, [&](Job job) { return Work(c, job); });   // until Close
  });
  return group.Wait();
}

}  // namespace chan_h

namespace select_h {

struct Job {};
weft::Error Work(const weft::Result<Job>& job) { return job.Err(); }
void Count() {}
void Stop() {}
struct Tick {};
void Show(const weft::Result<Tick>&) {}

weft::Error Serve(weft::Request& r, weft::Chan<Job> jobs, weft::Chan<int> counts) {
  weft::Result<std::size_t> which = weft::Select(r.Ctx(),
      weft::OnReceive(jobs, [](weft::Result<Job> job) { return Work(job); }),
      weft::OnSend(counts, 1, [] { Count(); }),
      weft::OnAfter(std::chrono::seconds(30), [] { return weft::kTimeout; }),
      weft::OnDone(r.Draining(), [] { Stop(); }));
  return which.Err();
}

weft::Error NextTick(const weft::Context& ctx, const std::vector<weft::Chan<Tick>>& feeds) {
  weft::SelectCases cases;
  for (const auto& feed : feeds) {
    cases.Add(weft::OnReceive(feed, [](weft::Result<Tick> tick) { Show(tick); }));
  }
  return weft::Select(ctx, cases).Err();
}

}  // namespace select_h

namespace broadcast_h {

struct Tick {
  int price = 0;
};

weft::Error Sum(const weft::Context& ctx, int& sum) {
  weft::Broadcast<Tick> ticks;
  weft::Group group(ctx);
  group.Go([&sum, sub = ticks.Subscribe({.capacity = 16})](const weft::Context& c) {
    return sub.Channel().ForEach(c, [&](Tick tick) { sum += tick.price; });   // until Close
  });
  ticks.Publish(Tick{5});
  ticks.Close();
  return group.Wait();
}

}  // namespace broadcast_h

namespace watch_h {

struct Config {};
void Apply(const Config&) {}

weft::Error Follow(const weft::Context& ctx, const weft::Watch<Config>& config) {
  for (weft::WatchReader<Config> reader = config.Reader();;) {
    weft::Result<Config> next = reader.Next(ctx);   // the current value, then each change
    if (weft::Error err = next.Err()) return err;
    Apply(*next);
  }
}

weft::Error FollowOrStop(weft::Request& r, weft::WatchReader<Config>& reader) {
  return weft::Select(r.Ctx(), weft::OnDone(r.Draining()),
                      weft::OnChange(reader, [](weft::Result<Config> next) -> weft::Error {
                        if (next.Ok()) Apply(*next);
                        return next.Err();
                      })).Err();
}

}  // namespace watch_h

namespace signals_h {

void Reload() {}
struct Job {};
weft::Error Work(const weft::Result<Job>& job) { return job.Err(); }

weft::Error ReloadAtHangups(const weft::Context& ctx, weft::Signals& hangups) {
  for (;;) {
    weft::Result<int> signal = hangups.Wait(ctx);
    if (weft::Error err = signal.Err()) return err;
    Reload();
  }
}

int main() {
  weft::Signals hangups({SIGHUP});               // first in main: until then SIGHUP kills
  weft::Error err = weft::Run(weft::Background(), [&](const weft::Context& ctx) {
    return ReloadAtHangups(ctx, hangups);
  });
  return err ? 1 : 0;
}

weft::Error WorkOrReload(const weft::Context& ctx, weft::Signals& hangups,
                         const weft::Chan<Job>& jobs) {
  return weft::Select(ctx, weft::OnSignal(hangups, [](int) { Reload(); }),
                      weft::OnReceive(jobs, [](weft::Result<Job> job) { return Work(job); }))
      .Err();
}

}  // namespace signals_h

namespace memory_stream_h {

weft::Error Serve(const Context& ctx, weft::MemoryStream& stream) {
  char piece[4];
  return stream.Read(ctx, piece).Err();
}

weft::Error Ping(const weft::Context& ctx) {
  auto ends = weft::MemoryStreamPair();
  weft::Group group(ctx);
  group.Go("server", [&](const weft::Context& c) { return Serve(c, ends.second); });
  if (weft::Error err = ends.first.Write(ctx, "ping")) return err;
  ends.first.CloseWrite();
  return group.Wait();
}

}  // namespace memory_stream_h

namespace pending_receive_h {

struct Tick {};
void Show(const Tick&) {}
void ShowBytes(std::string_view) {}

weft::Error ShowBoth(const weft::Context& ctx, weft::MemoryStream& in, weft::Chan<Tick> feed) {
  weft::PendingReceive<Tick> ticks(feed);
  std::array<char, 4096> piece;
  for (;;) {
    weft::CancelScope wait = weft::WithCancel(ctx);
    ticks.WakeBy(std::move(wait.cancel));
    weft::Result<std::size_t> n = in.Read(wait.ctx, piece);
    if (weft::Error err = ctx.Err()) return err;
    while (std::optional<weft::Result<Tick>> tick = ticks.Take()) {
      if (!tick->Ok()) return tick->Err();            // kClosed
      Show(**tick);
    }
    if (n.Err().Is(weft::kCanceled)) continue;          // a tick has ended the wait
    if (weft::Error err = n.Err()) return err;
    if (*n == 0) return {};                             // the stream has ended
    ShowBytes({piece.data(), *n});
  }
}

}  // namespace pending_receive_h
