// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/internal/websocket_session.h>

#include <array>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/unlimited.h>
#include <weft/handlers/middleware/internal/random_hex.h>
#include <weft/http/internal/websocket_close.h>

namespace weft::internal {
namespace {

// The most payload that goes into one frame, so that pings and pongs may be sent between two frames of a message. A client's is what
// kWriteStall is for.
constexpr std::size_t kServerFrame = 60 * 1024;
constexpr std::size_t kClientFrame = 4 * 1024;
constexpr int kFeedInARow = 16;
constexpr Duration kWriteStall = std::chrono::seconds(30);  // of a client's; a server's stream has its own limit
constexpr int kAbnormalClosure = 1006;

// Gives up the turn to send. Another thread may have queued something since the last look, while the receiving fiber could not get the turn: it is
// woken for that.
struct Turn {
  ~Turn() {
    mutex.unlock();
    if (outbox.HasNews()) outbox.Wake();
  }
  Mutex& mutex;
  WebSocketOutboxState& outbox;
};

// Nobody can foresee it (RFC 6455 section 10.3).
MaskKey RandomKey() {
  const std::uint64_t bits = RandomBits();
  MaskKey key;
  std::memcpy(key.data(), &bits, key.size());
  return key;
}

}  // namespace

WebSocketSession::WebSocketSession(Role role, const WebSocketOptions& options, Context draining)
    : role_(role),
      close_timeout_(options.close_timeout),
      draining_(std::move(draining)),
      scope_(CurrentScope()),
      outbox_(std::make_shared<WebSocketOutboxState>(options.outbox_messages_max, options.outbox_bytes_max)),
      ping_clock_(options.ping_after),
      ping_timer_(ping_clock_, *outbox_),
      reader_(role == Role::kServer ? WebSocketReader::From::kClient : WebSocketReader::From::kServer, options.message_bytes_max) {
  const char* const function = role == Role::kServer ? "AcceptWebSocket" : "DialWebSocket";
  if (options.message_bytes_max == 0) AbortMisuse(function, "WebSocketOptions::message_bytes_max must be above zero");
  if (options.ping_after <= Duration::zero()) AbortMisuse(function, "WebSocketOptions::ping_after must be above zero or kUnlimited");
}

WebSocketSession::~WebSocketSession() {
  if (role_ == Role::kClient) HandlerReturned({});
  outbox_->Close();
}

void WebSocketSession::Attach(Stream stream) {
  stream_ = std::move(stream);
  ping_clock_.Heard();
}

void WebSocketSession::Check(const char* function) const {
  if (role_ == Role::kServer && CurrentScope() != scope_) {
    AbortMisuse(function, "used from another loop, or by a fiber that does not belong to its request: give out its GetOutbox(), or a Broadcast");
  }
}

// --- reading

void WebSocketSession::Arm() {
  wait_ = Background();  // where one of these throws, the next wait begins here again
  CancelScope wait = either_.Derive(*ctx_, !drain_seen_ && !close_sent_ ? &draining_ : nullptr);
  Loop* const loop = role_ == Role::kServer ? Loop::Current() : nullptr;  // a client may move to another one
  const TimePoint due = close_sent_ || loop != nullptr ? TimePoint::max() : ping_clock_.Due();
  if (due != TimePoint::max()) without_deadline_ = std::exchange(wait, WithDeadline(wait.ctx, due)).cancel;
  if (loop != nullptr && !close_sent_) ping_timer_.Watch(*loop);
  wait_ = std::move(wait.ctx);
  const bool somebody_sends = !message_turn_.try_lock();
  if (!somebody_sends) message_turn_.unlock();
  outbox_->WakeBy(std::move(wait.cancel), somebody_sends);
}

// Of its own, so that a message of the feed costs no more. A feed that has something ends it at once: the client is heard first, unless
// the wait itself has ended, whose reason would otherwise never be looked at while the client sends without a pause.
void WebSocketSession::ArmFeed() {
  if (feed_ == nullptr || close_sent_) {
    feed_wait_ = wait_;
    return;
  }
  CancelScope wait = WithCancel(wait_);
  feed_wait_ = std::move(wait.ctx);
  feed_->WakeBy(std::move(wait.cancel));
  look_ = !wait_.Err();
}

// An Error is what Receive returns: the WebSocket has ended, or the wait has.
Error WebSocketSession::AwaitBytes() {
  const std::span<char> in_message = reader_.Room();
  const std::span<char> room = in_message.empty() ? BufferRoom() : in_message;
  for (;;) {
    if (!either_.IsFor(*ctx_) || wait_ == Background()) {
      Arm();
      feed_wait_ = Background();
    }
    if (feed_wait_ == Background()) ArmFeed();
    const bool look = std::exchange(look_, false);
    const Result<std::size_t> n = look ? StreamAccess::ReadWhatIsThere(stream_, feed_wait_, room) : stream_.Read(feed_wait_, room);
    if (n.Ok() && *n > 0) {
      ping_clock_.Heard();
      if (in_message.empty()) {
        unread_ = {unread_.data(), unread_.size() + *n};
      } else {
        reader_.Filled(*n);
      }
      return {};
    }
    // A client that leaves cancels the request as well: that it has left counts for more.
    if (n.Ok()) return End(kClientGone);
    if (!feed_wait_.Err() || (n.Err().Is(kClientGone) && !n.Err().Is(kCanceled))) return End(n.Err());
    if (Error err = AfterInterruption()) return err;
  }
}

// After what is unread, which is short.
std::span<char> WebSocketSession::BufferRoom() {
  if (unread_.data() != buffer_.data()) {
    if (!unread_.empty()) std::memmove(buffer_.data(), unread_.data(), unread_.size());
    unread_ = {buffer_.data(), unread_.size()};
  }
  return std::span(buffer_).subspan(unread_.size());
}

// A wait for bytes has ended without them. No Error: another one may begin.
Error WebSocketSession::AfterInterruption() {
  feed_wait_ = Background();
  const TimePoint before = Now();
  if (!wait_.Err()) {
    Error err = SendFeed();
    ping_clock_.PassOver(before);
    return err;
  }
  const bool silent = before >= ping_clock_.Due();  // before something else is waited for
  wait_ = Background();
  if (Error err = ctx_->Err()) return ClientLeft() ? End(kClientGone) : err;
  if (SeesDrain()) return kServerClosing;
  const bool all_sent = SendQueued();
  if (Error err = SendFeed()) return err;
  ping_clock_.PassOver(before);
  if (Error err = all_sent ? outbox_->TakeEnd() : Error()) {
    told_to_end_ = true;
    return err;
  }
  return silent && !close_sent_ ? AfterSilence() : Error();
}

// A few at a time: the client is heard in between. What is left wakes at once, when the next wait begins.
Error WebSocketSession::SendFeed() {
  if (feed_ == nullptr) return {};
  feed_wait_ = Background();
  for (int i = 0; i < kFeedInARow && !close_sent_; ++i) {
    std::optional<Error> sent = feed_->SendNext(*ctx_);
    if (!sent) break;
    if (!*sent || close_sent_) continue;
    const bool left = ClientLeft() || (sent->Is(kClientGone) && !sent->Is(kCanceled));
    return left ? End(kClientGone) : *std::move(sent);
  }
  return {};
}

Error WebSocketSession::AfterSilence() {
  if (ping_clock_.Pinged()) {
    stream_.Close();
    return End(kTimeout.Wrap("no pong"));
  }
  Error err = WriteFrame(FrameKind::kPing, true, {});
  ping_clock_.Ping();
  return err ? End(std::move(err)) : Error();
}

Result<WebSocketMessage> WebSocketSession::Receive(const Context& ctx, WebSocketFeed* feed) {
  Check("WebSocket::Receive");
  Result<WebSocketMessage> message = ReceiveOnce(ctx, feed);
  if (role_ == Role::kServer && message.Err().Is(kServerClosing)) return ClosingOnce(message.Err());
  return message;
}

// After the drain_timeout the context says kServerClosing for good, which a handler that continues would get again and again.
Error WebSocketSession::ClosingOnce(const Error& err) {
  if (!Draining()) return err;  // of a context that ended for a reason of its own
  if (drain_seen_) return kClosed.Wrap("the drain_timeout has expired");
  NoteDrain();
  return err;
}

// Nothing has happened since the last wait: neither has this context ended, nor has the drain begun.
bool WebSocketSession::StillArmed(const Context& ctx) const { return either_.IsFor(ctx) && !(wait_ == Background()) && !wait_.Err(); }

Result<WebSocketMessage> WebSocketSession::ReceiveOnce(const Context& ctx, WebSocketFeed* feed) {
  if (end_) return end_;
  if (ctx_ == nullptr && StillArmed(ctx)) {
    look_ = true;  // to ask the context once is enough
    return ReceiveUnder(ctx, feed);
  }
  if (Error err = ctx.Err()) {
    if (ctx_ != nullptr || !ClientLeft()) return err;
    return End(kClientGone);
  }
  if (ctx_ != nullptr) {
    if (!closing_) AbortMisuse("WebSocket::Receive", "another fiber is already receiving");
    // It is the one in Close, or will see the close frame for it.
    if (Error err = ended_.Wait(ctx)) return err;
    return end_ ? end_ : Error(kClosed);
  }
  if (SeesDrain()) return kServerClosing;
  return ReceiveUnder(ctx, feed);
}

// While no fiber waited for bytes. The context of a request whose client is gone is done: that it is gone counts for more.
bool WebSocketSession::ClientLeft() const {
  if (closing_) return false;
  const Context* request = StreamAccess::RequestContext(stream_);
  return request != nullptr && request->Cause().Is(kClientGone);
}

// The drain has begun, and the handler does not know yet.
bool WebSocketSession::SeesDrain() const { return !drain_seen_ && !close_sent_ && draining_.Err(); }

// A caller's context is then derived from again, without the drain.
void WebSocketSession::NoteDrain() {
  drain_seen_ = true;
  either_.Reset();
}

Result<WebSocketMessage> WebSocketSession::ReceiveUnder(const Context& ctx, WebSocketFeed* feed) {
  struct Reading {
    Reading(WebSocketSession& s, const Context& ctx, WebSocketFeed* feed) : session(s) {
      session.ctx_ = &ctx;
      if (std::exchange(session.feed_, feed) != feed) session.feed_wait_ = Background();
    }
    ~Reading() {
      session.ctx_ = nullptr;
      session.reader_left_();
      if (session.ping_clock_.Pinged()) session.left_at_ = Now();
    }
    WebSocketSession& session;
  } reading(*this, ctx, feed);
  if (outbox_->HasNews()) static_cast<void>(SendQueued());
  if (feed != nullptr && (feed_wait_ == Background() || feed_wait_.Err())) {
    if (Error err = SendFeed()) return err;
  }
  ping_clock_.PassOver(left_at_);
  return ReadMessage();
}

Result<WebSocketMessage> WebSocketSession::ReadMessage() {
  for (;;) {
    switch (reader_.Next(unread_)) {
      case WebSocketReader::Found::kNothing:
        if (Error err = AwaitBytes()) return err;
        break;
      case WebSocketReader::Found::kMessage:
        if (!close_sent_) return WebSocketMessage{reader_.TakeMessage(), reader_.IsText()};
        break;
      case WebSocketReader::Found::kPing:
        if (Error err = WriteFrame(FrameKind::kPong, true, reader_.Payload())) return End(std::move(err));
        break;
      case WebSocketReader::Found::kPong: break;
      case WebSocketReader::Found::kClose: return EndWithClose();
      case WebSocketReader::Found::kFailure: return EndWithFailure();
    }
  }
}

Error WebSocketSession::End(Error why) {
  close_status_.code = kAbnormalClosure;
  end_ = std::move(why);
  outbox_->Close();
  ended_.Set();
  return end_;
}

// RFC 6455 section 5.5.1: the reply has the same code.
Error WebSocketSession::EndWithClose() {
  const int code = reader_.CloseCode();
  const std::string_view reason = reader_.Payload();
  std::array<char, kControlPayloadMax> kept;  // the reply waits, and a copy that needs memory must not come before it
  const std::size_t size = reason.copy(kept.data(), kept.size());
  if (Error err = SendClose(code == 1005 ? 1000 : code, {})) return End(std::move(err));
  static_cast<void>(End(kClosed));
  saw_close_ = true;
  close_status_.code = code;
  close_status_.reason.assign(kept.data(), size);
  return end_;
}

// RFC 6455 section 7.1.7.
Error WebSocketSession::EndWithFailure() {
  const int code = reader_.FailureCode();
  if (Error err = SendClose(code, {})) return End(std::move(err));
  return End(code == 1009 ? kTooLarge.Wrap("a WebSocket message") : kMalformed.Wrap(std::string("WebSocket: ") + reader_.Failure()));
}

// --- writing

Error WebSocketSession::WriteAll(std::string_view bytes) {
  if (role_ == Role::kServer) return stream_.Write(bytes);
  const CancelScope limit = WithTimeout(Background(), kWriteStall, kTimeout);
  return stream_.Write(limit.ctx, bytes);
}

Error WebSocketSession::WriteFrame(FrameKind kind, bool last, std::string_view payload) {
  const FrameBytes frame(kind, last, payload, role_ == Role::kClient ? std::optional(RandomKey()) : std::nullopt);
  const std::lock_guard hold(frame_turn_);
  // RFC 6455 section 5.5.1: nothing follows a close frame.
  if (close_sent_) return IsControl(kind) ? Error() : kClosed;
  close_sent_ = kind == FrameKind::kClose;
  if (close_sent_) outbox_->Close();  // it would not be sent any more
  try {
    Error err = WriteAll(frame.View());
    if (err) write_failure_ = err;
    return err;
  } catch (const std::bad_alloc&) {
    write_failure_ = ErrorAccess::NoMemory();  // nobody may believe that it was sent
    throw;
  }
}

Error WebSocketSession::WriteMessage(std::string_view data, bool text) {
  const std::size_t most = role_ == Role::kServer ? kServerFrame : kClientFrame;
  FrameKind kind = text ? FrameKind::kText : FrameKind::kBinary;
  do {
    const std::string_view payload = data.substr(0, most);
    data.remove_prefix(payload.size());
    if (Error err = WriteFrame(kind, data.empty(), payload)) return err;
    kind = FrameKind::kContinuation;
  } while (!data.empty());
  return {};
}

Error WebSocketSession::Send(const Context& ctx, std::string_view data, bool text) {
  Check("WebSocket::Send");
  if (Error err = message_turn_.Lock(ctx)) return err;
  const Turn turn{message_turn_, *outbox_};
  Error err = SendInTurn(data, text);
  if (!err && outbox_->HasNews()) SendQueuedInTurn();
  return err;
}

Error WebSocketSession::SendInTurn(std::string_view data, bool text) {
  if (close_sent_) return kClosed;
  if (end_ || write_failure_) return end_ ? end_ : write_failure_;  // half of a frame may have been written
  try {
    if (!WriteMessage(data, text)) return {};
  } catch (const std::bad_alloc&) {
    write_failure_ = ErrorAccess::NoMemory();
    stream_.Close();  // the message may lack its last frames, and another one would be taken for them
    throw;
  }
  return write_failure_ ? write_failure_ : end_ ? end_ : Error(kClosed);
}

// A fiber that sends also sends what is queued, so that the receiving fiber never has to wait for the turn. What is queued
// meanwhile is for the next one.
void WebSocketSession::SendQueuedInTurn() {
  for (const WebSocketMessage& message : outbox_->Take()) {
    if (SendInTurn(message.data, message.text)) break;  // the reader finds out by itself
  }
  outbox_->Wake();
}

// False: it is another one's turn.
bool WebSocketSession::SendQueued() {
  if (!message_turn_.try_lock()) return false;
  const std::lock_guard hold(message_turn_, std::adopt_lock);
  SendQueuedInTurn();
  return true;
}

// --- the end

Error WebSocketSession::SendClose(int code, std::string_view reason) {
  if (close_sent_ || write_failure_) return write_failure_;
  return WriteFrame(FrameKind::kClose, true, ClosePayload(code, reason));
}

Error WebSocketSession::Close(int code, std::string_view reason) {
  Check("WebSocket::Close");
  if (!MayBeCloseCode(code)) return Error::New("WebSocket::Close: " + std::to_string(code) + " is not a code that may be sent");
  if (std::exchange(closing_, true)) {
    static_cast<void>(close_done_.Wait(Background()));
    return close_result_;
  }
  close_result_ = ErrorAccess::NoMemory();  // unless it is replaced
  struct Done {
    ~Done() {
      if (!session.end_) session.stream_.Close();
      session.outbox_->Close();
      session.ended_.Set();
      session.close_done_.Set();
    }
    WebSocketSession& session;
  } done{*this};
  const CancelScope limit = WithTimeout(Background(), close_timeout_);
  return close_result_ = CloseWithin(limit.ctx, code, reason);
}

// The fiber that receives, if there is one, sees the other side's close frame, unless it leaves before.
Error WebSocketSession::CloseWithin(const Context& limit, int code, std::string_view reason) {
  if (!end_) {
    if (message_turn_.Lock(limit)) return kTimeout.Wrap("the other side reads nothing");
    const std::lock_guard hold(message_turn_, std::adopt_lock);
    SendQueuedInTurn();
    if (Error err = SendClose(code, reason)) return err;
  }
  while (!end_ && ctx_ != nullptr && !limit.Err()) {
    CancelScope wait = WithCancel(limit);
    reader_left_ = std::move(wait.cancel);
    static_cast<void>(ended_.Wait(wait.ctx));
  }
  if (!end_ && ctx_ == nullptr) static_cast<void>(ReceiveUnder(limit, nullptr).Err());
  if (!end_) return kTimeout.Wrap("no close frame arrived");
  return end_.Is(kClosed) ? Error() : end_;
}

void WebSocketSession::HandlerReturned(const Error& error) noexcept {
  try {
    static_cast<void>(SendQueued());
    if (!end_) static_cast<void>(SendClose(Draining() ? 1001 : error ? 1011 : 1000, {}));
  } catch (...) {  // no memory for a goodbye
  }
  outbox_->Close();
  ping_timer_.Stop();
  ended_.Set();
}

}  // namespace weft::internal
