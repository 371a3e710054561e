// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/websocket.h>

#include <weft/handlers/access.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/live/internal/websocket_handshake.h>
#include <weft/handlers/live/internal/websocket_session.h>
#include <weft/http/internal/websocket_key.h>

namespace weft {

using internal::WebSocketSession;

WebSocket::WebSocket(std::shared_ptr<WebSocketSession> session) noexcept : session_(std::move(session)) {}
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;
WebSocket::~WebSocket() = default;

Result<WebSocketMessage> WebSocket::Receive(const Context& ctx) { return session_->Receive(ctx); }
Error WebSocket::Send(const Context& ctx, std::string_view text) { return session_->Send(ctx, text, true); }
Error WebSocket::SendBinary(const Context& ctx, std::string_view data) { return session_->Send(ctx, data, false); }
Error WebSocket::Close(int code, std::string_view reason) { return session_->Close(code, reason); }
const WebSocketClose& WebSocket::CloseStatus() const { return session_->CloseStatus(); }
const std::string& WebSocket::Protocol() const { return session_->Protocol(); }
WebSocketOutbox WebSocket::GetOutbox() const { return WebSocketOutbox(session_->Outbox()); }

const Error WebSocket::kEndOfChannel = Error::New("the channel of a conversation is closed");

Result<WebSocketMessage> WebSocket::ReceiveWith(const Context& ctx, internal::WebSocketFeed& feed) { return session_->Receive(ctx, &feed); }

// An Error of Receive, or of a Send. A context may have been ended by any Error, so its kind alone does not say what has happened.
Error WebSocket::EndConversation(const Error& why) {
  if (why.Is(kEndOfChannel)) return Close(1000);
  // This side has closed: that, too, may have failed.
  if (why.Is(kClosed) && session_->Ends()) return session_->SawClose() ? Error() : Close(1000);
  if (why.Is(kServerClosing) && session_->MayDrain()) return Close(1001);
  static_cast<void>(Close(session_->Draining() ? 1001 : 1011));
  return why;
}

Error WebSocket::FailConversation(const Error& why) {
  static_cast<void>(Close(1011));
  return why;
}

Error WebSocket::CloseLagged() { return Close(1013, "lagged"); }

Result<WebSocket> AcceptWebSocket(ResponseWriter& w, Request& r, const WebSocketOptions& options) {
  if (Error err = internal::CheckHandshake(w, r)) return err;
  if (Error err = internal::CheckOrigin(r, options.origins)) return err;
  auto session = std::make_shared<WebSocketSession>(WebSocketSession::Role::kServer, options, r.Draining());
  session->SetProtocol(internal::ChooseProtocol(r, options.protocols));
  w.Header().Set("Upgrade", "websocket");
  if (!internal::IsExtendedConnect(r)) w.Header().Set("Sec-WebSocket-Accept", internal::WebSocketAccept(r.Header().Get("Sec-WebSocket-Key")));
  if (!session->Protocol().empty()) w.Header().Set("Sec-WebSocket-Protocol", session->Protocol());
  w.WriteHeader(101);
  Result<Stream> stream = w.Hijack();
  if (Error err = stream.Err()) {
    internal::TakeBackHandshake(w.Header());
    return err;
  }
  session->Attach(*std::move(stream));
  ResponseAccess::AfterHandler(w, [session](const Error& error) { session->HandlerReturned(error); });
  return WebSocket(std::move(session));
}

}  // namespace weft
