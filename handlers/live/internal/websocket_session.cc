// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/internal/websocket_session.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/websocket/error.hpp>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/unlimited.h>
#include <weft/handlers/middleware/internal/random_hex.h>
#include <weft/http/internal/utf8.h>
#include <weft/http/internal/websocket_close.h>

namespace weft::internal {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::size_t kClientFrame = 4 * 1024;    // of its payload; Beast holds a buffer of this size
constexpr std::size_t kFirstPiece = 512;          // most messages; on the stack
constexpr std::size_t kLaterPiece = 64 * 1024;    // of a message whose length the client only claims
constexpr int kFeedInARow = 16;
constexpr Duration kWriteStall = std::chrono::seconds(30);  // of a client's; a server's stream has its own limit

// Room for more at the end of a text, of which `size` is used in the end.
struct Room {
  Room(std::string& t, std::size_t more) : text(t), size(t.size()) { text.resize(size + more); }
  ~Room() { text.resize(size); }
  std::string& text;
  std::size_t size;
};

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

std::array<unsigned char, 4> RandomKey() {
  const std::uint64_t bits = RandomBits();
  std::array<unsigned char, 4> key;
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
      beast_(FrameStream(*this)),
      ping_clock_(options.ping_after),
      ping_timer_(ping_clock_, *outbox_) {
  const char* const function = role == Role::kServer ? "AcceptWebSocket" : "DialWebSocket";
  if (options.message_bytes_max == 0) AbortMisuse(function, "WebSocketOptions::message_bytes_max must be above zero");
  if (options.ping_after <= Duration::zero()) AbortMisuse(function, "WebSocketOptions::ping_after must be above zero or kUnlimited");
  beast_.read_message_max(options.message_bytes_max);
  if (role == Role::kClient) beast_.write_buffer_bytes(kClientFrame);
}

WebSocketSession::~WebSocketSession() {
  if (role_ == Role::kClient) HandlerReturned({});
  outbox_->Close();
}

std::string WebSocketSession::Accept(std::string_view key) {
  BeastHandshake handshake;
  beast::error_code ec;
  {
    const UnderWay under_way(handshake_, handshake);
    beast_.accept(UpgradeRequest(key), ec);
  }
  return ec ? std::string() : handshake.FieldOf("Sec-WebSocket-Accept: ");
}

Error WebSocketSession::Connect(const Exchange& exchange) {
  BeastHandshake handshake;
  handshake.exchange = &exchange;
  beast::error_code ec;
  {
    const UnderWay under_way(handshake_, handshake);
    beast_.handshake("h", "/", ec);
  }
  if (handshake.failure) return handshake.failure;
  return ec ? kMalformed.Wrap("the handshake: " + ec.message()) : Error();
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

// Of its own, so that a message of the feed costs no more. A feed that has something ends it at once: the client is heard first.
void WebSocketSession::ArmFeed() {
  if (feed_ == nullptr || close_sent_) {
    feed_wait_ = wait_;
    return;
  }
  CancelScope wait = WithCancel(wait_);
  feed_wait_ = std::move(wait.ctx);
  feed_->WakeBy(std::move(wait.cancel));
  look_ = true;
}

std::size_t WebSocketSession::ReadBytes(std::span<char> buffer, beast::error_code& ec) {
  if (handshake_ != nullptr) return handshake_->Read(buffer, ec);
  for (;;) {
    const std::size_t held = held_.copy(buffer.data(), buffer.size());
    const std::size_t n = AwaitBytes(buffer.subspan(held), ec);
    if (n == 0) return 0;
    const std::string_view bytes(buffer.data(), held + n);
    const std::size_t whole = frames_.Count(bytes);
    held_.assign(bytes.substr(whole));
    if (whole > 0) return whole;
  }
}

std::size_t WebSocketSession::AwaitBytes(std::span<char> buffer, beast::error_code& ec) {
  for (;;) {
    if (!either_.IsFor(*ctx_) || wait_ == Background()) {
      Arm();
      feed_wait_ = Background();
    }
    if (feed_wait_ == Background()) ArmFeed();
    const bool look = std::exchange(look_, false);
    const Result<std::size_t> n = look ? StreamAccess::ReadWhatIsThere(stream_, feed_wait_, buffer) : stream_.Read(feed_wait_, buffer);
    if (n.Ok() && *n > 0) {
      ping_clock_.Heard();
      return *n;
    }
    // A client that leaves cancels the request as well: that it has left counts for more.
    if (n.Ok() || !feed_wait_.Err() || (n.Err().Is(kClientGone) && !n.Err().Is(kCanceled))) {
      broken_ = n.Ok() ? Error(kClientGone) : n.Err();
      ec = boost::asio::error::eof;
      return 0;
    }
    AfterInterruption(ec);
    if (ec) return 0;
  }
}

// A wait for bytes has ended without them.
void WebSocketSession::AfterInterruption(beast::error_code& ec) {
  feed_wait_ = Background();
  const TimePoint before = Now();
  if (!wait_.Err()) {
    SendFeed();
    ping_clock_.PassOver(before);
    return;
  }
  const bool silent = before >= ping_clock_.Due();  // before something else is waited for
  wait_ = Background();
  if (Error err = ctx_->Err()) {
    throw Interrupted{ClientLeft() ? EndAsGone() : std::move(err)};
  }
  if (SeesDrain()) throw Interrupted{kServerClosing};
  const bool all_sent = SendQueued();
  SendFeed();
  ping_clock_.PassOver(before);
  if (Error err = all_sent ? outbox_->TakeEnd() : Error()) {
    told_to_end_ = true;
    throw Interrupted{std::move(err)};
  }
  if (silent && !close_sent_) AfterSilence(ec);
}

// A few at a time: the client is heard in between. What is left wakes at once, when the next wait begins.
void WebSocketSession::SendFeed() {
  if (feed_ == nullptr) return;
  feed_wait_ = Background();
  for (int i = 0; i < kFeedInARow && !close_sent_; ++i) {
    std::optional<Error> sent = feed_->SendNext(*ctx_);
    if (!sent) return;
    if (!*sent || close_sent_) continue;
    const bool left = ClientLeft() || (sent->Is(kClientGone) && !sent->Is(kCanceled));
    throw Interrupted{left ? EndAsGone() : *std::move(sent)};
  }
}

void WebSocketSession::AfterSilence(beast::error_code& ec) {
  if (ping_clock_.Pinged()) {
    broken_ = kTimeout.Wrap("no pong");
    ec = boost::asio::error::timed_out;
    return;
  }
  beast_.ping({}, ec);
  ping_clock_.Ping();
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

Result<WebSocketMessage> WebSocketSession::ReceiveOnce(const Context& ctx, WebSocketFeed* feed) {
  if (end_) return end_;
  if (Error err = ctx.Err()) {
    if (ctx_ != nullptr || !ClientLeft()) return err;
    return EndAsGone();
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

Error WebSocketSession::EndAsGone() {
  broken_ = kClientGone;
  return EndWith({});
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
      if (session.ping_clock_.Pinged()) session.left_at_ = Now();
    }
    WebSocketSession& session;
  } reading(*this, ctx, feed);
  try {
    if (outbox_->HasNews()) static_cast<void>(SendQueued());
    if (feed_wait_ == Background() || feed_wait_.Err()) SendFeed();
    ping_clock_.PassOver(left_at_);
    for (;;) {
      WebSocketMessage message = ReadMessage();
      if (end_) return end_;
      if (!close_sent_) return message;
    }
  } catch (const Interrupted& interrupted) {
    return interrupted.why;
  }
}

// Sets end_ where there is no message any more.
WebSocketMessage WebSocketSession::ReadMessage() {
  for (;;) {
    beast::error_code ec;
    if (partial_.empty()) {
      char first[kFirstPiece];
      partial_.append(first, beast_.read_some(boost::asio::buffer(first), ec));
    } else {
      Room room(partial_, std::min(beast_.read_size_hint(kFirstPiece), kLaterPiece));
      room.size += beast_.read_some(boost::asio::buffer(partial_.data() + room.size, partial_.size() - room.size), ec);
    }
    if (ec) {
      static_cast<void>(EndWith(ec));
      return {};
    }
    if (!beast_.is_message_done()) continue;
    // Beast does not look at the end of a text whose last fragment is empty.
    if (beast_.got_text() && !EndsWithWholeCharacter(partial_)) {
      EndAsCutText();
      return {};
    }
    return {std::exchange(partial_, {}), beast_.got_text()};
  }
}

void WebSocketSession::EndAsCutText() {
  static_cast<void>(SendClose(websocket::close_code::bad_payload, {}));
  broken_ = kMalformed.Wrap("WebSocket: a text ends within a character");
  static_cast<void>(EndWith({}));
}

Error WebSocketSession::EndWith(beast::error_code ec) {
  end_ = Ended(ec);
  outbox_->Close();
  ended_.Set();
  return end_;
}

Error WebSocketSession::Ended(beast::error_code ec) {
  close_status_.code = 1006;
  if (broken_) {
    if (broken_.Is(kTimeout)) stream_.Close();
    return broken_;
  }
  if (ec == websocket::error::closed) {
    saw_close_ = true;
    const websocket::close_reason& reason = beast_.reason();
    close_status_ = {reason.code == websocket::close_code::none ? 1005 : reason.code, std::string(reason.reason.data(), reason.reason.size())};
    return kClosed;
  }
  if (write_failure_) return write_failure_;
  if (ec == websocket::error::message_too_big) return kTooLarge.Wrap("a WebSocket message");
  return kMalformed.Wrap("WebSocket: " + ec.message());
}

// --- writing

Error WebSocketSession::WriteAll(std::string_view bytes) {
  if (role_ == Role::kServer) return stream_.Write(bytes);
  const CancelScope limit = WithTimeout(Background(), kWriteStall, kTimeout);
  return stream_.Write(limit.ctx, bytes);
}

void WebSocketSession::WriteFrame(std::string_view frame, beast::error_code& ec) {
  if (handshake_ != nullptr) {
    handshake_->written.append(frame);
    return;
  }
  const std::lock_guard hold(frame_turn_);
  // RFC 6455 section 5.5.1: nothing follows a close frame. Beast replies to the client's with its own, even if ours was first.
  const int opcode = frame.front() & 0x0f;
  if (close_sent_) {
    if (opcode < 8) ec = boost::asio::error::operation_aborted;
    return;
  }
  close_sent_ = opcode == 8;
  if (close_sent_) outbox_->Close();  // it would not be sent any more
  if (Error err = WriteAll(frame)) {
    write_failure_ = std::move(err);
    ec = boost::asio::error::broken_pipe;
  }
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
  beast::error_code ec;
  try {
    if (role_ == Role::kServer) {
      WriteServerMessage(beast_.next_layer(), data, text, ec);
    } else {
      beast_.text(text);
      beast_.write(boost::asio::buffer(data.data(), data.size()), ec);
    }
  } catch (const std::bad_alloc&) {
    write_failure_ = ErrorAccess::NoMemory();
    stream_.Close();  // the message may lack its last frames, and another one would be taken for them
    throw;
  }
  if (!ec) return {};
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
  beast::error_code ec;
  WriteFrame(CloseFrame(code, reason, role_ == Role::kClient ? std::optional(RandomKey()) : std::nullopt), ec);
  return write_failure_;
}

Error WebSocketSession::Close(int code, std::string_view reason) {
  Check("WebSocket::Close");
  if (!MayBeCloseCode(code)) return Error::New("WebSocket::Close: " + std::to_string(code) + " is not a code that may be sent");
  if (std::exchange(closing_, true)) {
    static_cast<void>(close_done_.Wait(Background()));
    return close_result_;
  }
  struct Done {
    ~Done() { event.Set(); }
    Event& event;
  } done{close_done_};
  const CancelScope limit = WithTimeout(Background(), close_timeout_);
  close_result_ = CloseWithin(limit.ctx, code, reason);
  if (!end_) stream_.Close();
  outbox_->Close();
  ended_.Set();
  return close_result_;
}

// The fiber that receives, if there is one, sees the other side's close frame.
Error WebSocketSession::CloseWithin(const Context& limit, int code, std::string_view reason) {
  if (!end_) {
    if (message_turn_.Lock(limit)) return kTimeout.Wrap("the other side reads nothing");
    const std::lock_guard hold(message_turn_, std::adopt_lock);
    SendQueuedInTurn();
    if (Error err = SendClose(code, reason)) return err;
  }
  if (!end_) static_cast<void>(ctx_ != nullptr ? ended_.Wait(limit) : ReceiveUnder(limit, nullptr).Err());
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
