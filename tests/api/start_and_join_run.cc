// SPDX-License-Identifier: Apache-2.0

// The snippets of "Start and join" in docs/concurrency.md.
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <weft/concurrency/all.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/signals.h>
#include <weft/concurrency/time.h>
#include "check.h"

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

weft::Error Report(const weft::Context& ctx) { return weft::Sleep(ctx, hours(1)); }

weft::Error InTime(const weft::Context& ctx) {
  weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(2), weft::Error::New("the report took too long"));
  if (weft::Error err = Report(scope.ctx)) return err;      // err.Is(weft::kDeadlineExceeded); the cause is in its message
  return {};
}

bool unlocked = false;
void Unlock(const weft::Context& ctx) { unlocked = !ctx.Err(); }

void CleanUp(const weft::Context& ctx) {
  weft::CancelScope cleanup = weft::WithTimeout(weft::WithoutCancel(ctx), std::chrono::seconds(5));
  Unlock(cleanup.ctx);                                      // also when ctx is done
}

weft::Error Fetch(const weft::Context& ctx, std::string_view path, std::string& out) {
  if (weft::Error err = weft::Sleep(ctx, milliseconds(20))) return err;
  out = path;
  return {};
}

weft::Error Both(const weft::Context& ctx, std::string& all) {
  std::string user, orders;                    // declared before the group, so they outlive the join
  weft::Group group(ctx);
  group.Go("user", [&](const weft::Context& c) { return Fetch(c, "/user", user); });
  group.Go("orders", [&](const weft::Context& c) { return Fetch(c, "/orders", orders); });
  if (weft::Error err = group.Wait()) return err;
  all = user + orders;
  return {};
}

using Price = int;
weft::Result<Price> AskA(const weft::Context& ctx) {
  if (weft::Error err = weft::Sleep(ctx, hours(1))) return err;
  return 1;
}
weft::Result<Price> AskB(const weft::Context& ctx) {
  if (weft::Error err = weft::Sleep(ctx, milliseconds(1))) return err;
  return 2;
}
weft::Result<std::string> LoadUser(const weft::Context&) { return std::string("anna"); }
weft::Result<int> LoadOrders(const weft::Context&) { return 3; }

weft::Error Several(const weft::Context& ctx) {
  auto price = weft::First<Price>(ctx, {AskA, AskB});       // the first success; the losers are canceled and joined
  if (weft::Error err = price.Err()) return err;            // all failed: err.As<weft::AllFailed>() has each error
  auto both = weft::All(ctx, LoadUser, LoadOrders);         // all values, or the first error
  if (weft::Error err = both.Err()) return err;
  auto& [user, orders] = *both;
  Check(*price == 2 && user == "anna" && orders == 3);
  return {};
}

struct Foreign {
  bool stopped = false;
  void Shutdown() { stopped = true; }
};

weft::Error Stoppable(const weft::Context& ctx, Foreign& connection) {
  weft::StopFunc stop = weft::AfterFunc(ctx, [&] { connection.Shutdown(); });
  return ctx.Wait();                           // in place of a call that only Shutdown can end
}

bool ended_by_signal = false;
weft::Error Serve(const weft::Context& ctx) {
  std::raise(SIGTERM);                         // in place of the user's Ctrl-C
  weft::Error err = ctx.Wait();
  ended_by_signal = err.Is(weft::kCanceled) && ctx.Cause().Message() == "signal: terminated";
  return {};
}

int reloads = 0;
void Reload() { ++reloads; }

weft::Error ReloadAtASignal(const weft::Context& ctx, weft::Signals& hangups) {
  weft::Result<int> signal = hangups.Wait(ctx);
  if (weft::Error err = signal.Err()) return err;
  Reload();                                    // a SIGHUP that comes meanwhile is kept
  return {};
}

weft::Error Reloading(const weft::Context& ctx) {
  weft::Signals hangups({SIGHUP});             // first in main: until then SIGHUP kills
  std::raise(SIGHUP);
  return ReloadAtASignal(ctx, hangups);
}

weft::Error Work(const weft::Context& ctx, int job) { return weft::Sleep(ctx, seconds(job)); }

weft::Error Worker(const weft::Context& ctx, const weft::Chan<int>& jobs) {
  weft::CancelScope finish = weft::WithGrace(ctx, std::chrono::seconds(20));
  for (;;) {
    weft::Result<int> job = jobs.Receive(ctx);                       // no more once ctx is done
    if (!job.Ok()) return job.Err();
    if (weft::Error err = Work(finish.ctx, *job)) return err;        // has 20 s from then on
  }
}

weft::Error LiveUntilTheDrain(const weft::Context& request, const weft::Context& draining) {
  weft::CancelScope either = weft::WithEither(request, draining);    // the client has left, or the server drains
  return either.ctx.Wait();
}

weft::Error UntilASignal() {
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  return weft::Run(ctx, Serve);                // a signal cancels ctx, and Serve returns
}

int main() {
  Check(!UntilASignal() && ended_by_signal);
  Check(!weft::Run(weft::Background(), Reloading) && reloads == 1);
  weft::Error err = weft::Run(weft::Background(), {.loops = 2, .name = "report"}, [](const weft::Context& ctx) {
    return weft::Sleep(ctx, milliseconds(1));
  });
  Check(!err);
  return RunChecks([](const weft::Context& ctx) {
    weft::Error late = InTime(ctx);
    Check(late.Is(weft::kDeadlineExceeded) && late.Message().find("the report took too long") != std::string::npos);
    std::string all;
    Check(!Both(ctx, all) && all == "/user/orders");
    Check(!Several(ctx));
    weft::CancelScope scope = weft::WithTimeout(ctx, hours(1));
    Foreign connection;
    Check(Stoppable(scope.ctx, connection).Is(weft::kDeadlineExceeded) && connection.stopped);
    Check(LiveUntilTheDrain(ctx, scope.ctx).Is(weft::kDeadlineExceeded));
    weft::Chan<int> jobs(1);
    jobs.TrySend(1);
    jobs.Close();
    Check(Worker(ctx, jobs).Is(weft::kClosed));
    CleanUp(scope.ctx);
    Check(unlocked);
  });
}
