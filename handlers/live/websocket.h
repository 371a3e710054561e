// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_WEBSOCKET_H_
#define WEFT_HANDLERS_LIVE_WEBSOCKET_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/pending_receive.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/live/internal/websocket_feed.h>
#include <weft/handlers/live/websocket_outbox.h>
#include <weft/handlers/live/websocket_types.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

namespace internal {
class WebSocketSession;
}

// A WebSocket connection (RFC 6455). One fiber receives and any fibers of its request send, at the
// same time. Pings are handled, and clients that have vanished are detected, while a fiber is in
// Receive. So keep a fiber in it nearly all the time.
//
//   weft::Error Echo(weft::ResponseWriter& w, weft::Request& r) {
//     weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r);
//     if (weft::Error err = socket.Err()) return err;
//     for (;;) {
//       weft::Result<weft::WebSocketMessage> message = socket->Receive(r.Ctx());
//       if (message.Err().Is(weft::kClosed)) return {};                  // the client has closed
//       if (message.Err().Is(weft::kServerClosing)) return socket->Close(1001);
//       if (weft::Error err = message.Err()) return err;
//       if (weft::Error err = socket->Send(r.Ctx(), message->data)) return err;
//     }
//   }
//
// One that a server has accepted belongs to its request: a call from another request's fiber or
// another loop aborts the process. To reach the clients of other requests use a Broadcast, to which
// each of them subscribes, or share GetOutbox(). If its handler returns without Close, the client
// still gets a close frame: 1000, 1011 after an Error, 1001 in a drain.
class [[nodiscard]] WebSocket {
 public:
  // by AcceptWebSocket and DialWebSocket
  explicit WebSocket(std::shared_ptr<internal::WebSocketSession> session) noexcept;
  WebSocket(WebSocket&&) noexcept;
  WebSocket& operator=(WebSocket&&) noexcept;
  ~WebSocket();

  // Waits for a message, and responds to pings meanwhile. Errors, of which only the first two leave
  // the connection unchanged:
  //   the context's    it is done. A message that has partly arrived is not lost
  //   kServerClosing   once, as soon as the drain has started: say goodbye and Close(1001), or
  //                    continue until the drain_timeout, after which it is kClosed
  //   kClosed          the client has closed (CloseStatus), or this side has
  //   kTooLarge        beyond message_bytes_max; 1009 was sent
  //   kMalformed       not a valid frame, or text that is not UTF-8; 1002 or 1007 was sent
  //   kTimeout         no pong, and nothing else; or the client pings and reads nothing
  //   kClientGone      the connection ended or broke without a close frame
  // After the others all later calls return the same.
  Result<WebSocketMessage> Receive(const Context& ctx);

  // Sends a message, and returns when the system has it. The context limits only the wait for other
  // senders: a frame that was started is finished, or the connection ends after
  // write_stall_timeout. `text` must be UTF-8, which is not checked. Errors:
  //   the context's    nothing was sent
  //   kClosed          after Close, or the client's close frame
  //   those of Stream::Write
  Error Send(const Context& ctx, std::string_view text);
  Error SendBinary(const Context& ctx, std::string_view data);

  // Sends what the outbox holds and a close frame, and waits for the other side's. It waits for its
  // turn and for that frame for at most close_timeout, in addition to the time of a write
  // (write_stall_timeout). What arrives meanwhile is dropped. The reason is cut at 123 bytes.
  // Another fiber in Receive gets kClosed. Errors: kTimeout; the connection's; a code that may not
  // be sent (1000 to 1003, 1007 to 1013 and 3000 to 4999 may). Calling it again returns the result
  // of the first call.
  Error Close(int code = 1000, std::string_view reason = {});

  // Once Receive has failed: the other side's close frame.
  const WebSocketClose& CloseStatus() const;
  // One of WebSocketOptions::protocols; empty if the client offers none of them.
  const std::string& Protocol() const;
  WebSocketOutbox GetOutbox() const;

  // Runs both directions at once, as in a typical chat, in the caller's fiber.
  // on_message(WebSocketMessage) gets what the client sends, and may return an Error, which ends
  // the conversation. to_message(T) gets what arrives on the channel, and makes the text or a
  // WebSocketMessage. While one of them waits, or the client is slow to take a message, neither
  // direction makes progress. Returns, and closes with
  //   no error   the client has closed; the channel is closed (1000); the drain has started (1001)
  //   an Error   that of on_message, whichever it is (1011), the context's, or those of Receive and
  //              Send
  template <class T, class F, class G>
  Error Converse(const Context& ctx, const Chan<T>& out, F to_message, G on_message) {
    return ConverseWith(ctx, out, to_message, on_message, [] { return false; });
  }

  // The same for a subscription. A client that was too slow for WhenFull::kDisconnect gets what is
  // in its buffer and then the code 1013 with the reason "lagged", and there is no error: it may
  // connect again. With WhenFull::kDropOldest it misses messages, and nothing says so
  // (Subscription::Missed).
  template <class T, class F, class G>
  Error Converse(const Context& ctx, const Subscription<T>& out, F to_message, G on_message) {
    return ConverseWith(ctx, out.Channel(), to_message, on_message,
                          [&out] { return out.Disconnected(); });
  }

 private:
  static const Error kEndOfChannel;
  template <class T, class F>
  class Feed final : public internal::WebSocketFeed {
   public:
    Feed(WebSocket& socket, const Chan<T>& chan, F& to_message)
        : socket_(socket), to_message_(to_message), next_(chan) {}
    void WakeBy(CancelFunc wake) override { next_.WakeBy(std::move(wake)); }
    std::optional<Error> SendNext(const Context& ctx) override {
      std::optional<Result<T>> value = next_.Take();
      if (!value) return std::nullopt;
      return value->Ok() ? socket_.SendMade(ctx, to_message_(**std::move(value))) : kEndOfChannel;
    }

   private:
    WebSocket& socket_;
    F& to_message_;
    PendingReceive<T> next_;
  };

  // `lagged`: why the channel was closed.
  template <class T, class F, class G, class L>
  Error ConverseWith(const Context& ctx, const Chan<T>& out, F& to_message, G& on_message,
                       L lagged) {
    Feed<T, F> feed(*this, out, to_message);
    for (;;) {
      Result<WebSocketMessage> message = ReceiveWith(ctx, feed);
      if (const Error err = message.Err()) {
        if (err.Is(kEndOfChannel) && lagged()) return CloseLagged();
        return EndConversation(err);
      }
      if (const Error err = Called(on_message, *std::move(message))) return FailConversation(err);
    }
  }
  Result<WebSocketMessage> ReceiveWith(const Context& ctx, internal::WebSocketFeed& feed);
  Error SendMade(const Context& ctx, const std::string& text) { return Send(ctx, text); }
  Error SendMade(const Context& ctx, const WebSocketMessage& message) {
    return message.text ? Send(ctx, message.data) : SendBinary(ctx, message.data);
  }
  template <class G>
  static Error Called(G& g, WebSocketMessage message) {
    if constexpr (std::is_void_v<std::invoke_result_t<G&, WebSocketMessage>>) {
      g(std::move(message));
      return {};
    } else {
      return g(std::move(message));
    }
  }
  Error EndConversation(const Error& why);
  Error FailConversation(const Error& why);
  Error CloseLagged();

  std::shared_ptr<internal::WebSocketSession> session_;
};

// Responds to the handshake and takes over the connection (ResponseWriter::Hijack, so the request
// becomes long-lived). Fields set before, such as a cookie, are sent along. Return its errors from
// the handler:
//   HttpError(426)   the request is not a handshake of version 13; the supported version is sent
//   HttpError(400)   the handshake is malformed, or has a body
//   HttpError(403)   a page of another origin (WebSocketOptions::origins)
//   those of Hijack, after which the response has no field of the handshake
Result<WebSocket> AcceptWebSocket(ResponseWriter& w, Request& r,
                                  const WebSocketOptions& options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_WEBSOCKET_H_
