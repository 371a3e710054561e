// SPDX-License-Identifier: Apache-2.0

// The snippets of "Hand over" in docs/concurrency.md.
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/memory_stream.h>
#include <weft/concurrency/pending_receive.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/time.h>
#include "check.h"

using std::chrono::seconds;

struct Job {
  int id = 0;
};
std::vector<int> worked;
weft::Error Work(const weft::Context& ctx, const Job& job) {
  worked.push_back(job.id);
  return weft::Sleep(ctx, seconds(1));
}

weft::Error Channel(const weft::Context& ctx, std::vector<Job> all) {
  weft::Chan<Job> jobs(16);                                // 0: a rendezvous
  weft::Group group(ctx);
  group.Go("reader", [&](const weft::Context& c) -> weft::Error {
    for (Job& job : all) {
      if (weft::Error err = jobs.Send(c, std::move(job))) return err;
    }
    (void)jobs.Close();                                    // the sender closes
    return {};
  });
  weft::Error err = jobs.ForEach(group.Ctx(), [&](Job job) { return Work(ctx, job); });
  if (weft::Error failed = group.Wait()) return failed;    // why no Close came
  return err;
}

bool Offer(const weft::Chan<Job>& jobs, Job job) {
  if (jobs.TrySend(std::move(job))) return true;           // never waits; the job is untouched when it is false
  return false;                                            // full, or closed: respond 503
}

weft::Error Selecting(const weft::Context& ctx, weft::Chan<Job> jobs, const weft::Chan<std::string>& results, std::string result,
                      const weft::Context& draining) {
  bool more = true;
  while (more) {
    weft::Result<std::size_t> which = weft::Select(ctx,
        weft::OnReceive(jobs, [&](weft::Result<Job> job) {
          if (job.Err()) { jobs = {}; return; }            // closed and drained: nil takes the case out
          worked.push_back(job->id);
        }),
        weft::OnSend(results, std::move(result), [&] { more = false; }),   // moved from only if this case runs
        weft::OnAfter(seconds(30), [] { return weft::kTimeout; }),
        weft::OnDone(draining, [&] { more = false; }));
    if (weft::Error err = which.Err()) return err;         // ctx is done, a case returned an Error, or results is closed
  }
  return {};
}

std::string Hurry(const weft::Context& ctx, const weft::Chan<std::string>& urgent, const weft::Chan<std::string>& usual) {
  std::string got;
  const auto take = [&](weft::Result<std::string> text) { got = text.Ok() ? *text : "closed"; };
  auto which = weft::SelectInOrder(ctx, weft::OnReceive(urgent, take), weft::OnReceive(usual, take), weft::OnDefault());
  return which.Ok() ? got : which.Err().Message();
}

struct Tick {
  int price = 0;
};

weft::Error SumAll(const weft::Context& ctx, std::vector<weft::Chan<Tick>> feeds, int& sum) {
  while (!feeds.empty()) {
    bool ended = false;
    weft::SelectCases cases;                               // anew, because no case can be taken out of it
    for (const weft::Chan<Tick>& feed : feeds) {
      cases.Add(weft::OnReceive(feed, [&](weft::Result<Tick> tick) {
        if (tick.Ok()) sum += tick->price; else ended = true;
      }));
    }
    weft::Result<std::size_t> which = weft::Select(ctx, cases);
    if (weft::Error err = which.Err()) return err;
    if (ended) feeds.erase(feeds.begin() + static_cast<std::ptrdiff_t>(*which));   // in the order of Add
  }
  return {};
}

weft::Error ReadBeside(const weft::Context& ctx, weft::MemoryStream& stream, const weft::Chan<Tick>& feed, std::string& read, int& sum) {
  bool closed = false;
  char piece[16];
  weft::PendingReceive<Tick> next(feed);
  while (!closed) {
    weft::CancelScope wait = weft::WithCancel(ctx);
    next.WakeBy(std::move(wait.cancel));                   // by a value, or the close; at once if it is here
    if (weft::Result<std::size_t> n = stream.Read(wait.ctx, piece); n.Ok()) read.append(piece, *n);
    if (weft::Error err = ctx.Err()) return err;
    while (std::optional<weft::Result<Tick>> tick = next.Take()) {
      if ((closed = !tick->Ok())) break;
      sum += (*tick)->price;
    }
  }
  return {};
}

weft::Error Beside(const weft::Context& ctx) {
  auto [client, server] = weft::MemoryStreamPair();
  const weft::Chan<Tick> feed(1);
  weft::Group group(ctx);
  group.Go("feed", [&, &peer = client](const weft::Context& c) -> weft::Error {
    if (weft::Error err = feed.Send(c, {3})) return err;
    if (weft::Error err = peer.Write(c, "pi")) return err;
    if (weft::Error err = weft::Sleep(c, seconds(1))) return err;
    if (weft::Error err = peer.Write(c, "ng")) return err;
    if (weft::Error err = weft::Sleep(c, seconds(1))) return err;
    if (weft::Error err = feed.Send(c, {4})) return err;
    (void)feed.Close();
    return {};
  });
  std::string read;
  int sum = 0;
  if (weft::Error err = ReadBeside(ctx, server, feed, read, sum)) return err;
  Check(read == "ping" && sum == 7);
  return group.Wait();
}

weft::Error Broadcasting(const weft::Context& ctx, int& sum) {
  weft::Broadcast<Tick> ticks;
  weft::Group group(ctx);
  group.Go("sum", [&sum, sub = ticks.Subscribe({.capacity = 16})](const weft::Context& c) mutable {
    return sub.Channel().ForEach(c, [&](Tick tick) { sum += tick.price; });       // until Close; sub.Missed() counts what was dropped
  });
  (void)ticks.Publish({5});                                // never waits
  (void)ticks.Publish({6});
  ticks.Close();
  return group.Wait();
}

struct Config {
  int level = 0;
};
std::vector<int> applied;
void Apply(const Config& config) { applied.push_back(config.level); }

weft::Error Watching(const weft::Context& ctx) {
  weft::Watch<Config> config(Config{1});
  weft::Group group(ctx);
  group.Go("apply", [reader = config.Reader()](const weft::Context& c) mutable -> weft::Error {
    for (;;) {
      weft::Result<Config> next = reader.Next(c);          // the present value first, then each time it has changed
      if (weft::Error err = next.Err()) return err.Is(weft::kClosed) ? weft::Error() : err;
      Apply(*next);
    }
  });
  if (weft::Error err = weft::Sleep(ctx, seconds(1))) return err;
  config.Set(Config{2});
  config.Set(Config{3});                                   // the reader sees this one only
  config.Close();
  return group.Wait();
}

weft::Error Streams(const weft::Context& ctx) {
  auto [client, server] = weft::MemoryStreamPair({.buffer_bytes = 1024});
  if (weft::Error err = client.Write(ctx, "ping")) return err;
  client.CloseWrite();
  char piece[16];
  weft::Result<std::size_t> n = server.Read(ctx, piece);   // 0 at the end
  Check(n.Ok() && std::string(piece, *n) == "ping");
  return n.Err();
}

int main() {
  return RunChecks([](const weft::Context& ctx) {
    Check(!Channel(ctx, {{1}, {2}}) && worked == std::vector<int>{1, 2});

    weft::Chan<Job> one(1);
    Check(Offer(one, {3}) && !Offer(one, {4}));
    weft::Chan<std::string> results(0);
    weft::CancelScope draining = weft::WithTimeout(ctx, seconds(5));
    (void)one.Close();
    Check(!Selecting(ctx, one, results, "result", draining.ctx) && worked.back() == 3);

    const weft::Chan<std::string> urgent(1), usual(1);
    Check(usual.TrySend("usual") && urgent.TrySend("urgent"));
    Check(Hurry(ctx, urgent, usual) == "urgent" && Hurry(ctx, urgent, usual) == "usual" && Hurry(ctx, urgent, usual).empty());

    int sum = 0;
    const std::vector<weft::Chan<Tick>> feeds = {weft::Chan<Tick>(2), weft::Chan<Tick>(2), weft::Chan<Tick>(2)};
    Check(feeds[0].TrySend({1}) && feeds[2].TrySend({2}) && feeds[2].TrySend({4}));
    for (const weft::Chan<Tick>& feed : feeds) Check(feed.Close());
    Check(!SumAll(ctx, feeds, sum) && sum == 7);
    sum = 0;
    Check(!Broadcasting(ctx, sum) && sum == 11);
    Check(!Watching(ctx) && applied == std::vector<int>{1, 3});
    Check(!Beside(ctx));
    Check(!Streams(ctx));
  });
}
