// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_WEBSOCKET_H_
#define WEFT_HANDLERS_LIVE_WEBSOCKET_H_

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/live/websocket_outbox.h>
#include <weft/handlers/live/websocket_types.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

namespace internal {
class WebSocketSession;
}

// A WebSocket connection (RFC 6455). One fiber receives, any fibers of its request send, at the same time. Pings are answered, and clients that have
// vanished found out, while a fiber is in Receive, so let one be there nearly always.
//
//   weft::Error Echo(weft::ResponseWriter& w, weft::Request& r) {
//     weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r);
//     if (weft::Error err = socket.Err()) return err;
//     for (;;) {
//       weft::Result<weft::WebSocketMessage> message = socket->Receive(r.Ctx());
//       if (message.Err().Is(weft::kClosed)) return {};                     // the client has said goodbye
//       if (message.Err().Is(weft::kServerClosing)) return socket->Close(1001);
//       if (weft::Error err = message.Err()) return err;
//       if (weft::Error err = socket->Send(r.Ctx(), message->data)) return err;
//     }
//   }
//
// One that a server has accepted belongs to its request: a call from another request's fiber or another loop aborts the process. To reach the clients of other requests
// use a Broadcast, of which each has a subscription of its own, or give out GetOutbox(). When its handler returns without Close, the client gets a close
// frame all the same: 1000, 1011 after an Error, 1001 in a drain.
class [[nodiscard]] WebSocket {
 public:
  explicit WebSocket(std::shared_ptr<internal::WebSocketSession> session) noexcept;  // by AcceptWebSocket and DialWebSocket
  WebSocket(WebSocket&&) noexcept;
  WebSocket& operator=(WebSocket&&) noexcept;
  ~WebSocket();

  // Waits for a message, and answers pings meanwhile. Errors, of which only the first two leave the connection as it was:
  //   the context's    it is done. A message of which a part has come is not lost
  //   kServerClosing   once, as soon as the drain has begun: say goodbye and Close(1001), or go on until the drain_timeout
  //   kClosed          the client has closed (CloseStatus), or this side has
  //   kTooLarge        beyond message_bytes_max; 1009 was sent
  //   kMalformed       not WebSocket, or text that is no UTF-8; 1002 or 1007 was sent
  //   kTimeout         no pong, and nothing else
  //   kClientGone      the connection ended or broke without a close frame
  // After the others every later call returns the same.
  Result<WebSocketMessage> Receive(const Context& ctx);

  // Sends a message; returns when the system has it. The context bounds the wait for those that send already: a frame that was begun is
  // finished, or the connection ends after write_stall_timeout. `text` must be UTF-8, which is not checked. Errors:
  //   the context's    nothing was sent
  //   kClosed          after Close, or the client's close frame
  //   those of Stream::Write
  Error Send(const Context& ctx, std::string_view text);
  Error SendBinary(const Context& ctx, std::string_view data);

  // Sends what the outbox holds and a close frame, and waits for its turn and for the other side's, at most close_timeout long beside the time
  // that a write takes (write_stall_timeout); what comes meanwhile is dropped. The reason is cut at 123
  // bytes. Another fiber in Receive gets kClosed. Errors: kTimeout; the connection's; a code that may not be sent (1000 to 1003, 1007 to 1014
  // and 3000 to 4999 may). Calling it again returns what the first call did.
  Error Close(int code = 1000, std::string_view reason = {});

  // Once Receive has failed: what the other side has said.
  const WebSocketClose& CloseStatus() const;
  // Of WebSocketOptions::protocols; empty if the client offers none of them.
  const std::string& Protocol() const;
  WebSocketOutbox GetOutbox() const;

  // Both directions at once, the usual chat: on_message(WebSocketMessage) for what the client sends, in the caller's fiber, and
  // to_message(T) for what comes on the channel, which makes the text, or a WebSocketMessage. Both may return Error, that ends it. Returns, and closes,
  //   no error   the client has closed; the channel is closed (1000); the drain has begun (1001)
  //   an Error   that of a function (1011), the context's, or those of Receive and Send
  template <class T, class F, class G>
  Error Converse(const Context& ctx, const Chan<T>& out, F to_message, G on_message) {
    Group group(ctx);
    const CancelScope sending = WithCancel(group.Ctx());
    group.Go("WebSocket::Converse", [&](const Context&) -> Error {
      const Error err = out.ForEach(sending.ctx, [&](T value) { return SendMade(sending.ctx, to_message(std::move(value))); });
      return sending.ctx.Err() ? Error() : err ? err : Ended(kEndOfChannel);
    });
    Error err;
    while (!err) {
      Result<WebSocketMessage> message = Receive(group.Ctx());
      err = message.Err();
      if (!err) err = Called(on_message, *std::move(message));
    }
    sending.cancel();
    return EndConversation(err, group.Wait());
  }

 private:
  static const Error kEndOfChannel;
  static Error Ended(const Error& why) { return why; }
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
  Error EndConversation(const Error& receiving, const Error& group);

  std::shared_ptr<internal::WebSocketSession> session_;
};

// Answers the handshake and takes the connection over (ResponseWriter::Hijack, so it becomes long-lived). Fields set before, such as a cookie, are
// sent along. Errors, to be returned:
//   HttpError(426)   the request is no handshake of version 13; the version that is spoken here is sent along
//   HttpError(400)   the handshake is malformed
//   HttpError(403)   a page of another origin (WebSocketOptions::origins)
//   those of Hijack
Result<WebSocket> AcceptWebSocket(ResponseWriter& w, Request& r, const WebSocketOptions& options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_WEBSOCKET_H_
