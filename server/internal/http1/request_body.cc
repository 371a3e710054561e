// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/request_body.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include <weft/handlers/handler.h>

namespace weft::internal::http1 {
namespace {

// How long the rest of an unread body may take to arrive after its response was sent.
constexpr Duration kDrainTime = std::chrono::seconds(1);

// kMalformed, which becomes a 400, unless the decoder asks for another status.
Error BrokenBody(const ChunkedDecoder::Step& step) {
  if (step.status == 400) return kMalformed.Wrap(step.reason);
  return MakeTypedError(step.reason, std::make_shared<const HttpStatus>(HttpStatus{step.status, {}}), &kTypeTag<HttpStatus>,
                        Errc::kMalformed);
}

}  // namespace

void RequestBody::Begin(const Head& head, Fields& trailer) {
  framing_ = FrameRequest(head);
  trailer_ = &trailer;
  left_ = framing_.length;
  ended_ = framing_.kind == BodyKind::kNone;
  failed_ = false;
  continue_sent_ = false;
  if (!ended_) io_.BeginReading();
  if (framing_.kind == BodyKind::kChunked) decoder_ = ChunkedDecoder();
}

std::optional<std::uint64_t> RequestBody::Declared() const {
  if (framing_.kind == BodyKind::kLength) return framing_.length;
  return std::nullopt;
}

bool RequestBody::WorthReading() const {
  if (failed_ || (framing_.expects_continue && !continue_sent_)) return false;
  return framing_.kind == BodyKind::kChunked || left_ <= kDrainBytes;
}

Result<std::size_t> RequestBody::Read(const Context& ctx, std::span<char> buffer) {
  if (ended_) return 0;
  if (framing_.expects_continue && !continue_sent_) {
    continue_sent_ = true;
    if (Error err = owner_.SendContinue()) return err;
  }
  try {
    Result<std::size_t> got = framing_.kind == BodyKind::kLength ? ReadLength(ctx, buffer) : ReadChunked(ctx, buffer);
    // A done context alone leaves the body as it is: the handler may continue to read under another one.
    if (Error err = got.Err(); err && !err.Is(kCanceled) && !err.Is(kDeadlineExceeded)) NoteFailure();
    return got;
  } catch (...) {  // no memory, or an observer: the position in the body is unknown
    NoteFailure();
    throw;
  }
}

void RequestBody::NoteFailure() {
  failed_ = true;
  facts_.Note(KeepAliveFacts::kBodyUnusable);
}

Result<std::size_t> RequestBody::Receive(const Context& ctx, std::span<char> buffer) {
  Result<std::size_t> got = io_.Receive(ctx, buffer, "request body", shard_.options().body_stall_timeout);
  if (got.Ok() && *got == 0) return kMalformed.Wrap("the client closed the connection within the body");
  return got;
}

Result<std::size_t> RequestBody::ReadLength(const Context& ctx, std::span<char> buffer) {
  const std::span<char> room = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size())));
  std::size_t got = bytes_.TakeInto(room);
  if (got == 0) {
    Result<std::size_t> received = Receive(ctx, room);
    if (Error err = received.Err()) return err;
    got = *received;
  }
  left_ -= got;
  ended_ = left_ == 0;
  return got;
}

Result<std::size_t> RequestBody::ReadChunked(const Context& ctx, std::span<char> buffer) {
  for (;;) {
    if (std::string_view raw = bytes_.WithHead(); !raw.empty()) {
      const std::size_t before = raw.size();
      Result<std::size_t> got = Decode(raw, buffer);
      bytes_.TakeWithHead(before - raw.size());
      if (got.Err() || *got > 0 || ended_) return got;
    }
    // Never more than fits the caller's buffer: what is decoded is not longer than what was read.
    const std::span<char> room(shard_.read_buffer(), std::min(buffer.size(), Shard::kReadBytes));
    Result<std::size_t> received = Receive(ctx, room);
    if (Error err = received.Err()) return err;
    std::string_view raw(room.data(), *received);
    Result<std::size_t> got = Decode(raw, buffer);
    if (ended_) bytes_.PutAhead(raw);
    if (got.Err() || *got > 0 || ended_) return got;
  }
}

// Decodes `raw` into `buffer` as far as both last, and removes what was used from `raw`.
Result<std::size_t> RequestBody::Decode(std::string_view& raw, std::span<char> buffer) {
  std::size_t filled = 0;
  for (;;) {
    // A piece must not be longer than the room for it; framing between pieces takes no room.
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
        ended_ = true;
        decoder_.CopyTrailersTo(*trailer_);
        return filled;
      case ChunkedDecoder::State::kBad:
        owner_.OnMalformedBody(step.status, step.reason);
        return BrokenBody(step);
    }
  }
}

void RequestBody::Drain() {
  const CancelScope scope = WithTimeout(Background(), kDrainTime);
  std::uint64_t total = 0;
  while (!ended_) {
    char waste[2048];
    const Result<std::size_t> got = Read(scope.ctx, waste);
    if (got.Err() || (total += *got) > kDrainBytes) {
      facts_.Note(KeepAliveFacts::kBodyUnusable);
      return;
    }
  }
}

}  // namespace weft::internal::http1
