// SPDX-License-Identifier: Apache-2.0

// The snippets of "Time" and "Limits" in docs/concurrency.md.
#include <chrono>
#include <string>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/sync.h>
#include <weft/concurrency/time.h>
#include "check.h"

using std::chrono::milliseconds;
using std::chrono::seconds;

weft::Error Pause(const weft::Context& ctx) {
  if (weft::Error err = weft::Sleep(ctx, std::chrono::milliseconds(50))) return err;
  return {};
}

int flushes = 0;
void Flush() { ++flushes; }

weft::Error EveryTenSeconds(const weft::Context& ctx) {
  weft::Ticker ticker(std::chrono::seconds(10));
  while (ticker.Wait(ctx).Ok()) Flush();
  return ctx.Err();
}

using Message = int;

// Ends when nothing has come for a minute.
weft::Error UntilIdle(const weft::Context& ctx, const weft::Chan<Message>& messages, int& count) {
  weft::Timer idle(std::chrono::minutes(1));
  for (bool more = true; more;) {
    auto which = weft::Select(ctx,
        weft::OnReceive(messages, [&](weft::Result<Message>) { ++count; idle.Reset(std::chrono::minutes(1)); }),
        weft::OnTimer(idle, [&] { more = false; }));
    if (weft::Error err = which.Err()) return err;
  }
  return {};
}

weft::Semaphore lookups(8);
weft::RateLimiter mails(5, 10);                            // 5 a second, 10 at once after a pause

weft::Error LookUp(const weft::Context& ctx) {
  weft::Result<weft::Permit> permit = lookups.Hold(ctx);
  if (weft::Error err = permit.Err()) return err;
  return weft::Sleep(ctx, seconds(1));                     // at most 8 at once; the token goes back at the end of the scope
}

weft::Error SendMail(const weft::Context& ctx) {
  if (weft::Error err = mails.Wait(ctx)) return err;
  return {};
}

void WhenTheNameServerIsSlow() {
  lookups.Resize(2);                                       // from now on; never waits
}

int loads = 0;
struct Page {
  std::string text;
};
weft::Result<Page> Load(const weft::Context& ctx, const std::string& url) {
  ++loads;
  if (weft::Error err = weft::Sleep(ctx, seconds(1))) return err;
  return Page{"page of " + url};
}
weft::Singleflight<std::string, Page> pages;

weft::Error Show(const weft::Context& ctx, const std::string& url, std::string& text) {
  auto page = pages.Do(ctx, url, [url](const weft::Context& c) { return Load(c, url); });
  if (weft::Error err = page.Err()) return err;
  text = page->value.text;                                 // page->shared: others got it as well
  return {};
}

weft::Error Bounded(const weft::Context& ctx, int jobs, int& done) {
  weft::Group group(ctx, {.limit = 3});
  for (int i = 0; i < jobs; ++i) {
    if (!group.Go([&](const weft::Context&) { ++done; })) break;   // waits for a place; false: the group is canceled
  }
  return group.Wait();
}

int main() {
  return RunChecks([](const weft::Context& ctx) {
    Check(!Pause(ctx));
    weft::CancelScope scope = weft::WithTimeout(ctx, seconds(35));
    Check(EveryTenSeconds(scope.ctx).Is(weft::kDeadlineExceeded) && flushes == 3);

    const weft::Chan<Message> messages(4);
    Check(messages.TrySend(1) && messages.TrySend(2));
    int count = 0;
    Check(!UntilIdle(ctx, messages, count) && count == 2);

    const weft::TimePoint begin = weft::Now();
    std::string texts[2];
    int done = 0;
    weft::Group group(ctx);
    for (int i = 0; i < 16; ++i) group.Go(LookUp);
    for (std::string& text : texts) group.Go([&](const weft::Context& c) { return Show(c, "/", text); });
    Check(!group.Wait() && weft::Now() - begin == seconds(2));
    Check(texts[0] == "page of /" && texts[1] == texts[0] && loads == 1);
    for (int i = 0; i < 15; ++i) Check(!SendMail(ctx));
    Check(weft::Now() - begin >= milliseconds(2900));
    WhenTheNameServerIsSlow();
    weft::Group slow(ctx);
    const weft::TimePoint resized = weft::Now();
    for (int i = 0; i < 6; ++i) slow.Go(LookUp);
    Check(!slow.Wait() && weft::Now() - resized == seconds(3));
    Check(!Bounded(ctx, 10, done) && done == 10);
  });
}
