// SPDX-License-Identifier: Apache-2.0

// What docs/live.md says about server-sent events.
#include <string>
#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/live/events.h>
#include <weft/handlers/testing.h>
#include "check.h"

using std::chrono::seconds;

struct Price {
  std::string number, json;
};

weft::Broadcast<Price> market;

weft::Error Prices(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Subscription<Price> prices = market.Subscribe({.capacity = 16, .when_full = weft::WhenFull::kDisconnect});
  weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
  if (weft::Error err = events.Err()) return err;                 // 503: too many long-lived requests
  return events->Forward(r.Ctx(), prices, [](const Price& price) {
    return weft::ServerSentEvent{.id = price.number, .event = "price", .data = price.json};
  });
}

// Several sources, so a Select of one's own.
weft::Error Clock(weft::ResponseWriter& w, weft::Request& r, const weft::Chan<std::string>& news) {
  weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
  if (weft::Error err = events.Err()) return err;
  for (;;) {
    const weft::Result<std::size_t> which = weft::Select(r.Ctx(),
        weft::OnReceive(news, [&](const weft::Result<std::string>& text) -> weft::Error {
          if (weft::Error err = text.Err()) return err;
          return events->Send({.event = "news", .data = *text});
        }),
        weft::OnAfter(seconds(5), [&] { return events->Send({.event = "tick"}); }),
        weft::OnDone(r.Draining(), [&] { return events->SendRandomRetry(); }));
    if (weft::Error err = which.Err()) return err;
    if (*which == 2) return {};                                   // a clean end; the client reconnects
  }
}

int main() {
  return RunChecks([](const weft::Context& ctx) {
    weft::Recorder recorder;
    const weft::CancelScope draining = weft::WithCancel(ctx);
    const weft::Chan<std::string> news(1);
    weft::Group group(ctx);
    group.Go([&](const weft::Context& c) -> weft::Error {
      if (weft::Error err = weft::Sleep(c, seconds(1))) return err;
      market.Publish({"17", "{\"tea\":3}"});
      if (weft::Error err = news.Send(c, "tea is ready")) return err;
      if (weft::Error err = weft::Sleep(c, seconds(6))) return err;
      draining.cancel();
      return {};
    });
    recorder.Serve(Prices, weft::RequestBuilder().Draining(draining.ctx));
    Check(!recorder.Err() && recorder.Body().starts_with("retry: 2000\n\nid: 17\nevent: price\ndata: {\"tea\":3}\n\nretry: "));
    const weft::CancelScope minute = weft::WithTimeout(ctx, seconds(12));
    recorder.Serve([&](weft::ResponseWriter& w, weft::Request& r) { return Clock(w, r, news); }, weft::RequestBuilder().Draining(minute.ctx));
    Check(recorder.Body().starts_with("retry: 2000\n\nevent: news\ndata: tea is ready\n\nevent: tick\ndata: \n\n"));
    Check(!recorder.Err() && !group.Wait());
  });
}
