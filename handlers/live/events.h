// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_EVENTS_H_
#define WEFT_HANDLERS_LIVE_EVENTS_H_

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
#include <weft/handlers/live/internal/event_wait.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

// One event of a stream (WHATWG HTML, section 9.2), which browsers read with EventSource. All of it
// is UTF-8.
struct ServerSentEvent {
  // Sent as Last-Event-ID by a client that reconnects; empty: the previous one stays.
  std::string id = {};
  std::string event = {};  // its type, for addEventListener; empty: "message"
  // May have several lines; every kind of line break reaches the client as LF.
  std::string data = {};
};

struct EventOptions {
  // A client that was sent nothing for this long is sent a comment, because proxies and clients
  // take a silent connection for a dead one, and because this detects a client that has vanished.
  // Each stream uses up to a fifth less, so that many streams do not send theirs at once. Above
  // zero, or kUnlimited: never.
  Duration heartbeat = std::chrono::seconds(15);
  // How long a client waits before it reconnects. In a drain it gets a random time, from half of
  // this to two and a half times this, so that not all clients reach the next server at once. At
  // most a day.
  Duration retry = std::chrono::seconds(2);
};

// A response that continues: events, as they happen. It belongs to its request like the
// ResponseWriter, and follows its rules: one fiber of the request sends at a time, and sending
// waits while the client is slow. A client that takes nothing for
// ServerOptions::write_stall_timeout is given up with kTimeout.
//
//   weft::Error Prices(weft::ResponseWriter& w, weft::Request& r) {
//     weft::Subscription<Price> prices =
//         market.Subscribe({.capacity = 16, .when_full = weft::WhenFull::kDisconnect});
//     weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
//     if (weft::Error err = events.Err()) return err;
//     return events->Forward(r.Ctx(), prices, [](const Price& price) {
//       return weft::ServerSentEvent{.id = price.number, .data = price.json};
//     });
//   }
//
// A client reconnects by itself, whatever the reason for the end of the stream. The status 204
// tells it to stop.
class [[nodiscard]] EventStream {
 public:
  // The id of the last event that a reconnecting client has seen. Empty for a new client. The
  // client chooses it: look it up, do not trust it.
  std::string_view LastEventId() const { return r_->Header().Get("Last-Event-ID"); }

  // Sends one event. Errors; in the first case nothing was sent:
  //   the id has a line break or a NUL, or the type has a line break: user input cannot become
  //   another field
  //   those of ResponseWriter::Write
  Error Send(const ServerSentEvent& event);
  // Sends a line that the client ignores: a heartbeat, for code that waits by other means than
  // Forward. `text` must not have a line break.
  Error SendComment(std::string_view text = {});
  // Tells the client to reconnect after a random time (EventOptions::retry). For code that ends a
  // stream in a drain by other means than Forward.
  Error SendRandomRetry();

  // Sends what arrives on the channel until that is closed, with heartbeats in between, and without
  // a fiber of its own. `to_event` makes a ServerSentEvent from a value, or a std::optional of one,
  // which is empty for values that this client should not see. Values that have queued up are sent
  // together. Returns
  //   no error          the channel is closed, or the drain has started (and the client knows when
  //                     to reconnect): return, and the response ends cleanly
  //   the context's     it is done; its cause is kClientGone if the client has left
  //   those of Send
  template <class T, class F>
  Error Forward(const Context& ctx, const Chan<T>& values, F to_event) {
    return ForwardAll(ctx, values,
                      [&](T value) { return Add(std::invoke(to_event, std::move(value))); });
  }

  // The same for a subscription. If the client was too slow it learns so from an event of the type
  // "lagged":
  //   WhenFull::kDisconnect   it gets what is in its buffer, then this event with the data
  //                           "disconnected", and the stream ends without an error. It reconnects
  //                           with its Last-Event-ID.
  //   WhenFull::kDropOldest   the data is how many events it has missed; the stream continues.
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

  // At most this many values go into one flush.
  static constexpr int kTogether = 64;

  Error Add(const ServerSentEvent& event);
  Error Add(const std::optional<ServerSentEvent>& event) { return event ? Add(*event) : Error(); }
  Error AddLagged(std::string data);
  Error SendLagged();

  template <class T, class F>
  Error ForwardAll(const Context& ctx, const Chan<T>& values, F add) {
    if (head_only_) return {};
    internal::EventWait wait(ctx, r_->Draining(), heartbeat_);
    for (;;) {
      Result<T> next = values.Receive(wait.Ctx());
      if (!next.Ok()) {
        if (!wait.Ctx().Err()) return {};
        if (Error err = ctx.Err()) return err;
        if (r_->Draining().Err()) return SendRandomRetry();
        if (Error err = SendHeartbeat(wait)) return err;
        wait.Renew();
        continue;
      }
      added_ = false;
      std::optional<T> value(*std::move(next));
      for (int left = kTogether; value && left > 0; --left) {
        if (Error err = add(std::move(*value))) return err;
        value = left > 1 ? values.TryReceive() : std::nullopt;
      }
      // Values for which nothing is sent are no sign of life.
      if (Error err = added_ ? w_->Flush() : SendHeartbeat(wait)) return err;
      if (added_) wait.Sent();
    }
  }
  // If it is due.
  Error SendHeartbeat(internal::EventWait& wait);

  ResponseWriter* w_;
  Request* r_;
  Duration heartbeat_;
  Duration retry_;
  bool added_ = false;  // whether an event was added since this was reset
  bool head_only_;  // the method is HEAD: there is no stream
};

// Starts a stream: the request becomes long-lived, and the head and EventOptions::retry are sent.
// The head has Content-Type: text/event-stream; X-Accel-Buffering: no, without which nginx holds
// events back; and Cache-Control: no-store, unless another one was set. The response to HEAD is
// just the head; Forward then returns at once. Errors:
//   HttpError(503)    there are already ServerOptions::long_lived_max long-lived requests
//   those of ResponseWriter::Flush
Result<EventStream> StartEvents(ResponseWriter& w, Request& r, const EventOptions& options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_EVENTS_H_
