// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_SESSION_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_SESSION_H_

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/scope.h>
#include <weft/handlers/live/internal/caller_or_drain.h>
#include <weft/handlers/live/internal/outbox_state.h>
#include <weft/handlers/live/internal/ping_clock.h>
#include <weft/handlers/live/internal/websocket_feed.h>
#include <weft/handlers/live/websocket_types.h>
#include <weft/http/internal/websocket_frames.h>
#include <weft/http/internal/websocket_reader.h>
#include <weft/net/stream.h>

namespace weft::internal {

// One WebSocket, once the handshake is done: what its reader finds, what is sent, and what fibers need around both. The reading fiber waits in
// AwaitBytes, under one context that ends for whatever it is to wake up for: the caller's, the drain, the next ping, the outbox, the feed of a
// conversation. A wait may end anywhere: between two reads the reader's state is whole.
class WebSocketSession final {
 public:
  enum class Role { kServer, kClient };

  // `draining`: Background() where there is none.
  WebSocketSession(Role role, const WebSocketOptions& options, Context draining);
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;
  ~WebSocketSession();

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
  void Check(const char* function) const;
  void Arm();
  void ArmFeed();
  bool SeesDrain() const;
  void NoteDrain();
  Error ClosingOnce(const Error& err);
  bool StillArmed(const Context& ctx) const;
  Result<WebSocketMessage> ReceiveOnce(const Context& ctx, WebSocketFeed* feed);
  Result<WebSocketMessage> ReceiveUnder(const Context& ctx, WebSocketFeed* feed);
  Result<WebSocketMessage> ReadMessage();
  Error AwaitBytes();
  std::span<char> BufferRoom();
  Error AfterInterruption();
  Error SendFeed();
  Error AfterSilence();
  bool ClientLeft() const;
  Error End(Error why);
  Error EndWithClose();
  Error EndWithFailure();
  Error SendInTurn(std::string_view data, bool text);
  void SendQueuedInTurn();
  bool SendQueued();
  Error SendClose(int code, std::string_view reason);
  Error CloseWithin(const Context& limit, int code, std::string_view reason);
  Error WriteMessage(std::string_view data, bool text);
  Error WriteFrame(FrameKind kind, bool last, std::string_view payload);
  Error WriteAll(std::string_view bytes);

  const Role role_;
  const Duration close_timeout_;
  const Context draining_;
  std::string protocol_;
  const Scope scope_;  // of a server's
  const std::shared_ptr<WebSocketOutboxState> outbox_;
  Stream stream_;

  // Reading, by one fiber at a time.
  const Context* ctx_ = nullptr;  // of the Receive that is under way; null: no fiber reads
  CallerOrDrain either_;          // of ctx_
  CancelFunc without_deadline_;   // of a client's wait_: what that is derived from
  Context wait_;                  // either_, the next ping, the outbox; Background(): to be armed
  WebSocketFeed* feed_ = nullptr;  // of that Receive
  Context feed_wait_;              // wait_, or the feed has something; Background(): to be armed
  bool look_ = false;              // the next read takes what is there, whatever has ended its context
  PingClock ping_clock_;
  PingTimer ping_timer_;  // of a server's
  TimePoint left_at_;     // when the last Receive has ended, if a pong is awaited
  bool drain_seen_ = false;
  bool told_to_end_ = false;  // the outbox's End was returned
  WebSocketReader reader_;
  std::array<char, WebSocketReader::kLong> buffer_;
  std::span<char> unread_;  // of buffer_
  Error end_;               // what Receive returns from now on
  Event ended_;
  CancelFunc reader_left_;  // of a Close that waits for the fiber that receives
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
