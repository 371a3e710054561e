// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_SESSION_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_SESSION_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/beast/websocket/stream.hpp>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/scope.h>
#include <weft/handlers/live/internal/beast_handshake.h>
#include <weft/handlers/live/internal/caller_or_drain.h>
#include <weft/handlers/live/internal/frame_stream.h>
#include <weft/handlers/live/internal/outbox_state.h>
#include <weft/handlers/live/internal/ping_clock.h>
#include <weft/handlers/live/internal/websocket_feed.h>
#include <weft/handlers/live/websocket_types.h>
#include <weft/http/internal/websocket_frames.h>
#include <weft/net/stream.h>

namespace weft::internal {

// One WebSocket: Beast's stream reads frames, and writes those of control and a client's; what is missing for fibers is here. The
// reading fiber waits in ReadBytes, under one context that ends for whatever it is to wake up for: the caller's, the drain, the
// next ping, the outbox, the feed of a conversation. An interruption leaves Beast by an exception, since an error would end its stream; between two
// reads its state is whole, because it is given no part of a control frame (WholeFrames).
class WebSocketSession final : private FrameStream::Owner {
 public:
  enum class Role { kServer, kClient };

  // `draining`: Background() where there is none.
  WebSocketSession(Role role, const WebSocketOptions& options, Context draining);
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;
  ~WebSocketSession();

  // --- the handshake, without a connection: Beast makes what is sent, and other code sends it

  // As a server: what Sec-WebSocket-Accept says for this key; empty: it is none (RFC 6455 section 4.2.1).
  std::string Accept(std::string_view key);
  // As a client: `exchange` sends this key and returns what Sec-WebSocket-Accept says. kMalformed: it says the wrong thing; or the Error of `exchange`.
  using Exchange = BeastHandshake::Exchange;
  Error Connect(const Exchange& exchange);
  void SetProtocol(std::string protocol) { protocol_ = std::move(protocol); }
  // The connection begins.
  void Attach(Stream stream);

  // --- as WebSocket says

  // `feed`: what is sent by the same fiber meanwhile; null: nothing.
  Result<WebSocketMessage> Receive(const Context& ctx, WebSocketFeed* feed = nullptr);
  Error Send(const Context& ctx, std::string_view data, bool text);
  Error Close(int code, std::string_view reason);
  const WebSocketClose& CloseStatus() const { return close_status_; }
  bool SawClose() const { return saw_close_; }  // the other side's close frame
  // By either side, or by its outbox, or has ended.
  bool Ends() const { return end_ || close_sent_ || closing_ || told_to_end_; }
  const std::string& Protocol() const { return protocol_; }
  const std::shared_ptr<WebSocketOutboxState>& Outbox() const { return outbox_; }
  bool Draining() const { return static_cast<bool>(draining_.Err()); }
  // A client knows of the drain of the server around it by its caller's context alone.
  bool MayDrain() const { return role_ == Role::kClient || Draining(); }

  // The handler has returned.
  void HandlerReturned(const Error& error) noexcept;

 private:
  // Not a failure: the wait ends, and may be begun again.
  struct Interrupted {
    Error why;
  };

  std::size_t ReadBytes(std::span<char> buffer, boost::beast::error_code& ec) override;
  std::size_t AwaitBytes(std::span<char> buffer, boost::beast::error_code& ec);
  void WriteFrame(std::string_view frame, boost::beast::error_code& ec) override;

  void Check(const char* function) const;
  void Arm();
  void ArmFeed();
  bool SeesDrain() const;
  void NoteDrain();
  Error ClosingOnce(const Error& err);
  Result<WebSocketMessage> ReceiveOnce(const Context& ctx, WebSocketFeed* feed);
  Result<WebSocketMessage> ReceiveUnder(const Context& ctx, WebSocketFeed* feed);
  bool ClientLeft() const;
  Error EndAsGone();
  void EndAsCutText();
  void AfterInterruption(boost::beast::error_code& ec);
  void SendFeed();
  void AfterSilence(boost::beast::error_code& ec);
  WebSocketMessage ReadMessage();
  Error SendInTurn(std::string_view data, bool text);
  void SendQueuedInTurn();
  bool SendQueued();
  Error SendClose(int code, std::string_view reason);
  Error CloseWithin(const Context& limit, int code, std::string_view reason);
  Error EndWith(boost::beast::error_code ec);
  Error Ended(boost::beast::error_code ec);
  Error WriteAll(std::string_view bytes);

  const Role role_;
  const Duration close_timeout_;
  const Context draining_;
  std::string protocol_;
  const Scope scope_;  // of a server's
  const std::shared_ptr<WebSocketOutboxState> outbox_;
  BeastHandshake* handshake_ = nullptr;  // under way
  Stream stream_;
  boost::beast::websocket::stream<FrameStream, false> beast_;

  // Reading, by one fiber at a time.
  const Context* ctx_ = nullptr;  // of the Receive that is under way; null: no fiber reads
  CallerOrDrain either_;          // of ctx_
  CancelFunc without_deadline_;   // of a client's wait_: what that is derived from
  Context wait_;                  // either_, the next ping, the outbox; Background(): to be armed
  WebSocketFeed* feed_ = nullptr;  // of that Receive
  Context feed_wait_;              // wait_, or the feed has something; Background(): to be armed
  bool look_ = false;              // before the feed continues: for what is there
  PingClock ping_clock_;
  PingTimer ping_timer_;  // of a server's
  TimePoint left_at_;     // when the last Receive has ended, if a pong is awaited
  bool drain_seen_ = false;
  bool told_to_end_ = false;  // the outbox's End was returned
  WholeFrames frames_;
  std::string held_;     // what has come of a frame's head, or of a control frame
  std::string partial_;  // what has come of a message
  Error broken_;         // why the stream below ended
  Error end_;            // what Receive returns from now on
  Event ended_;
  WebSocketClose close_status_;
  bool saw_close_ = false;

  // Writing.
  Mutex message_turn_;  // whole messages, whatever their frames
  Mutex frame_turn_;    // whole frames
  bool close_sent_ = false;
  Error write_failure_;
  bool closing_ = false;  // Close was called
  Error close_result_;
  Event close_done_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_SESSION_H_
