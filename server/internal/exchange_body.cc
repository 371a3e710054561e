// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <weft/handlers/handler.h>
#include <weft/server/internal/exchange.h>

namespace weft::internal {
namespace {

// How long the rest of an unread body may take to come, after its answer is out.
constexpr Duration kDrainTime = std::chrono::seconds(1);

// kMalformed, which answers 400, unless the decoder asks for another status.
Error BrokenBody(const ChunkedDecoder::Step& step) {
  if (step.status == 400) return kMalformed.Wrap(step.reason);
  return MakeTypedError(step.reason, std::make_shared<const HttpStatus>(HttpStatus{step.status, {}}), &kTypeTag<HttpStatus>,
                        Errc::kMalformed);
}

}  // namespace

std::optional<std::uint64_t> Exchange::Declared() const {
  if (framing_.kind == BodyKind::kLength) return framing_.length;
  return std::nullopt;
}

// Whether an unread body should be read and thrown away so that the connection can go on.
bool Exchange::BodyWorthReading() const {
  if (body_failed_ || (framing_.expects_continue && !continue_sent_)) return false;
  return framing_.kind == BodyKind::kChunked || body_left_ <= kDrainBytes;
}

Result<std::size_t> Exchange::Read(const Context& ctx, std::span<char> buffer) {
  if (body_ended_) return 0;
  if (framing_.expects_continue && !continue_sent_) {
    if (Error err = SendContinue()) return err;
  }
  Result<std::size_t> got = framing_.kind == BodyKind::kLength ? ReadLength(ctx, buffer) : ReadChunked(ctx, buffer);
  if (Error err = got.Err()) {
    // A done context alone leaves the body as it is: somebody may read on under another one.
    if (!err.Is(kCanceled) && !err.Is(kDeadlineExceeded)) {
      body_failed_ = true;
      keep_alive_ = false;
    }
  }
  return got;
}

// The client waits for this before it sends the body; not once the final answer has begun (RFC 9110 section 10.1.1).
Error Exchange::SendContinue() {
  continue_sent_ = true;
  if (transmitting_) WaitForTurn();
  if (writer_.HeadSent()) return {};
  Held().Append(kContinue);
  answer_begin_ = held_.size();  // the final one has not begun
  return SendHeld();
}

Result<std::size_t> Exchange::ReceiveBody(const Context& ctx, std::span<char> buffer) {
  Result<std::size_t> got = Receive(ctx, buffer, "request body", server_.options().body_stall_timeout);
  if (got.Ok() && *got == 0) return kMalformed.Wrap("the client closed the connection within the body");
  return got;
}

// Up to `buffer` bytes from the socket, at least one; 0 at the end. What came counts more than a context that is done meanwhile.
Result<std::size_t> Exchange::Receive(const Context& ctx, std::span<char> buffer, const char* waits_for, Duration stall) {
  LetOthersThrough();
  // Before it gives up, for whatever reason, it looks once more: what came in time counts.
  for (Error why;;) {
    if (stream_closed_) return kClosed;
    if (connection_->cut()) return kServerClosing;
    bool more = false;
    const ssize_t got = connection_->ReadSome(buffer.data(), buffer.size(), more);
    if (got > 0) {
      connection_->NoteRead(more);
      body_progress_.Moved(static_cast<std::uint64_t>(got));
      return static_cast<std::size_t>(got);
    }
    if (got == 0) return std::size_t{0};
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      connection_->SetBroken();
      NoteClientGone();
      return Error(connection_->cut() ? kServerClosing : kClientGone);
    }
    connection_->NoteDrained();
    if (why) {
      if (why.Is(kTimeout)) NoteStalled(stall);
      return why;
    }
    if (!transmitting_ && !Held().empty()) {
      // The client may wait for it before it goes on. What came while it was sent has notified nobody.
      if (Error err = SendHeld()) return err;
      continue;
    }
    const TimePoint until = body_progress_.WaitUntil(Now(), stall, server_.options().progress_bytes_min);
    const LoopSignal::Outcome outcome = readable_.Wait(ctx, waits_for, until);
    body_progress_.Waited(server_.now());
    if (outcome == LoopSignal::Outcome::kContextDone) why = ctx.Err();
    if (outcome == LoopSignal::Outcome::kTimedOut) why = kTimeout;
  }
}

void Exchange::NoteStalled(Duration stall) {
  server_.observer().OnTimedOut({connection_->PeerName(), TimeoutKind::kBodyStall, stall});
  connection_->Because(CloseReason::kTimedOut);
}

Result<std::size_t> Exchange::ReadLength(const Context& ctx, std::span<char> buffer) {
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, buffer.size()));
  std::size_t got = std::min(want, in_.size() - next_);
  if (got > 0) {
    std::memcpy(buffer.data(), in_.data() + next_, got);
    next_ += got;
  } else {
    Result<std::size_t> received = ReceiveBody(ctx, buffer.first(want));
    if (Error err = received.Err()) return err;
    got = *received;
  }
  body_left_ -= got;
  body_ended_ = body_left_ == 0;
  return got;
}

Result<std::size_t> Exchange::ReadChunked(const Context& ctx, std::span<char> buffer) {
  for (;;) {
    if (next_ < in_.size()) {
      // What came with the head, or behind it.
      std::string_view raw(in_.data() + next_, in_.size() - next_);
      Result<std::size_t> got = Decode(raw, buffer);
      next_ = in_.size() - raw.size();
      if (got.Err() || *got > 0 || body_ended_) return got;
    }
    // Never more than fits the caller's buffer: what is decoded is not longer than what was read.
    std::span<char> room(server_.read_buffer(), std::min(buffer.size(), LoopServer::kReadBytes));
    Result<std::size_t> received = ReceiveBody(ctx, room);
    if (Error err = received.Err()) return err;
    std::string_view raw(room.data(), *received);
    Result<std::size_t> got = Decode(raw, buffer);
    if (body_ended_) ahead_.Assign(raw);
    if (got.Err() || *got > 0 || body_ended_) return got;
  }
}

// Decodes `raw` into `buffer` as far as both go, and takes what was used off `raw`.
Result<std::size_t> Exchange::Decode(std::string_view& raw, std::span<char> buffer) {
  std::size_t filled = 0;
  for (;;) {
    // A piece may not be longer than the room for it; framing between pieces takes no room.
    const std::size_t room = buffer.size() - filled;
    if (room == 0) return filled;
    const ChunkedDecoder::Step step = decoder_.Next(raw.substr(0, room));
    raw.remove_prefix(step.consumed);
    switch (step.state) {
      case ChunkedDecoder::State::kData:
        std::memcpy(buffer.data() + filled, step.data.data(), step.data.size());
        filled += step.data.size();
        break;
      case ChunkedDecoder::State::kNeedMore:
        if (raw.empty()) return filled;
        break;
      case ChunkedDecoder::State::kDone:
        body_ended_ = true;
        decoder_.CopyTrailersTo(RequestAccess::Trailer(request_));
        return filled;
      case ChunkedDecoder::State::kBad:
        server_.observer().OnBadRequest({connection_->PeerName(), step.status, step.reason});
        connection_->Because(CloseReason::kBadRequest);
        return BrokenBody(step);
    }
  }
}

// The answer is held or out; now the rest of the body is read and thrown away, within bounds of bytes and time, so that the next request
// can be found. A client that does not send it in time gets its answer and the end of the connection.
void Exchange::DrainBody() {
  if (!BodyWorthReading()) {
    keep_alive_ = false;  // whatever the head has said
    return;
  }
  if (SendHeld()) return;
  const CancelScope scope = WithTimeout(Background(), kDrainTime);
  std::uint64_t total = 0;
  while (!body_ended_ && keep_alive_) {
    char waste[2048];
    const Result<std::size_t> got = Read(scope.ctx, waste);
    if (got.Err()) {
      keep_alive_ = false;
    } else if ((total += *got) > kDrainBytes) {
      keep_alive_ = false;
    }
  }
}

}  // namespace weft::internal
