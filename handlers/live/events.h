// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_EVENTS_H_
#define WEFT_HANDLERS_LIVE_EVENTS_H_

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/select.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

// One event of a stream (WHATWG HTML, section 9.2), which browsers read with EventSource. All of it is UTF-8.
struct ServerSentEvent {
  std::string id = {};     // what a client that comes back sends as Last-Event-ID; empty: the one before stays
  std::string event = {};  // its type, for addEventListener; empty: "message"
  std::string data = {};   // may have several lines; each kind of line break reaches the client as LF
};

struct EventOptions {
  // A client that was sent nothing for so long is sent a comment: proxies and clients hold a silent connection for a dead one, and a client
  // that has vanished is found out by it. Each stream takes up to a fifth less, so that many streams do not send theirs at once. Above zero, or
  // kUnlimited: never.
  Duration heartbeat = std::chrono::seconds(15);
  // How long a client waits before it connects again. In a drain it gets another time, by random between half of this and two and a half
  // times of it, so that not all of them reach the next server at once. At most a day.
  Duration retry = std::chrono::seconds(2);
};

// A response that goes on: events, as they happen. It belongs to its request as the ResponseWriter does, whose rules hold: one fiber of the
// request sends at a time, and sending waits while the client takes its time. One that takes nothing for ServerOptions::write_stall_timeout is
// given up with kTimeout.
//
//   weft::Error Prices(weft::ResponseWriter& w, weft::Request& r) {
//     weft::Subscription<Price> prices = market.Subscribe({.capacity = 16, .when_full = weft::WhenFull::kDisconnect});
//     weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
//     if (weft::Error err = events.Err()) return err;
//     return events->Forward(r.Ctx(), prices, [](const Price& price) {
//       return weft::ServerSentEvent{.id = price.number, .data = price.json};
//     });
//   }
//
// A client comes back by itself, whyever the stream has ended. It is to stop when a request of it gets the status 204.
class [[nodiscard]] EventStream {
 public:
  // What the client has seen last, when it comes back: the id of that event. Empty for a new client. It is the client's word: look it up,
  // do not trust it.
  std::string_view LastEventId() const { return r_->Header().Get("Last-Event-ID"); }

  // Sends one event. Errors; nothing was sent in the first case:
  //   the id has a line break or a NUL, or the type a line break: what a user has typed cannot become another field
  //   those of ResponseWriter::Write
  Error Send(const ServerSentEvent& event);
  // Sends a line that the client passes over: a heartbeat, for who waits by other means than Forward. `text` has no line break.
  Error SendComment(std::string_view text = {});
  // Tells the client to come back after a random time (EventOptions::retry). For who ends a stream in a drain by other means than Forward.
  Error SendRandomRetry();

  // Sends what comes on the channel until that is closed, with heartbeats meanwhile and without a fiber of its own. `to_event` makes a
  // ServerSentEvent of a value, or a std::optional of one that is empty for what this client is not to see. Values that have queued up leave
  // together. Returns
  //   no error              the channel is closed, or the drain has begun (the client knows when to come back): return, and the response ends
  //                         in good order
  //   the context's         it is done; its cause is kClientGone where the client has left
  //   those of Send
  template <class T, class F>
  Error Forward(const Context& ctx, const Chan<T>& values, F to_event) {
    return ForwardAll(ctx, values, [&](T value) { return Add(std::invoke(to_event, std::move(value))); });
  }

  // The same for a subscription, whose client learns that it was too slow, by an event of the type "lagged":
  //   WhenFull::kDisconnect   it gets what is in its buffer, then this event with the data "disconnected", and the stream ends without an
  //                           error. It comes back with its Last-Event-ID.
  //   WhenFull::kDropOldest   the data is how many events it has missed; the stream goes on.
  template <class T, class F>
  Error Forward(const Context& ctx, const Subscription<T>& values, F to_event) {
    std::uint64_t known = 0;
    const Error err = ForwardAll(ctx, values.Channel(), [&](T value) -> Error {
      if (const std::uint64_t missed = values.Missed(); missed != known) {
        if (Error failed = AddLagged(std::to_string(missed - known))) return failed;
        known = missed;
      }
      return Add(std::invoke(to_event, std::move(value)));
    });
    if (err || !values.Disconnected()) return err;
    return SendLagged();
  }

 private:
  friend Result<EventStream> StartEvents(ResponseWriter&, Request&, const EventOptions&);
  EventStream(ResponseWriter& w, Request& r, const EventOptions& options);

  // At most so many values go into one flush.
  static constexpr int kTogether = 64;

  Error Add(const ServerSentEvent& event);
  Error Add(const std::optional<ServerSentEvent>& event) { return event ? Add(*event) : Error(); }
  Error AddLagged(std::string data);
  Error SendLagged();

  template <class T, class F>
  Error ForwardAll(const Context& ctx, const Chan<T>& values, F add) {
    if (head_only_) return {};
    // Values of which nothing is sent are no sign of life.
    TimePoint sent_at = Now();
    for (;;) {
      std::optional<T> value;
      const Duration silent = Now() - sent_at;
      const Result<std::size_t> which = SelectInOrder(
          ctx, OnDone(r_->Draining()),
          OnReceive(values,
                    [&](Result<T> next) {
                      if (next.Ok()) value.emplace(*std::move(next));
                    }),
          OnAfter(heartbeat_ == kUnlimited ? heartbeat_ : std::max(heartbeat_ - silent, Duration::zero())));
      if (Error err = which.Err()) return err;
      if (*which == 0) return SendRandomRetry();
      if (*which == 2) {
        if (Error err = SendComment()) return err;
        sent_at = Now();
        continue;
      }
      if (!value) return {};
      added_ = false;
      for (int left = kTogether; value && left > 0; --left) {
        if (Error err = add(std::move(*value))) return err;
        value = left > 1 ? values.TryReceive() : std::nullopt;
      }
      if (added_) {
        if (Error err = w_->Flush()) return err;
        sent_at = Now();
      } else if (heartbeat_ != kUnlimited && Now() - sent_at >= heartbeat_) {
        if (Error err = SendComment()) return err;
        sent_at = Now();
      }
    }
  }

  ResponseWriter* w_;
  Request* r_;
  Duration heartbeat_;
  Duration retry_;
  bool added_ = false;  // an event, since this was unset
  bool head_only_;  // the request is HEAD: there is no stream
};

// Begins a stream: the request becomes long-lived, and the head and EventOptions::retry are sent. The head has Content-Type:
// text/event-stream; X-Accel-Buffering: no, without which nginx holds events back; and Cache-Control: no-store, unless another one was set. To HEAD it responds with the head alone; Forward then returns at
// once. Errors:
//   HttpError(503)    as many requests are long-lived as ServerOptions::long_lived_max allows
//   those of ResponseWriter::Flush
Result<EventStream> StartEvents(ResponseWriter& w, Request& r, const EventOptions& options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_EVENTS_H_
