// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http2/request_body.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <weft/concurrency/run.h>
#include <weft/handlers/handler.h>

namespace weft::internal::http2 {
namespace {

constexpr std::size_t kKept = 16 * 1024;
constexpr std::uint8_t kPiecesInARow = 4;  // as PacedIo

}  // namespace

void RequestBody::Begin() {
  bytes_.Clear();
  at_ = 0;
  ended_ = closed_ = given_up_ = trailer_too_large_ = expects_continue_ = continue_sent_ = reading_ = false;
  declared_.reset();
  trailer_ = nullptr;
  trailer_block_.Clear();
  progress_.Restart();
}

void RequestBody::Expect(std::optional<std::uint64_t> declared, bool expects_continue, Fields& trailer) {
  declared_ = declared;
  expects_continue_ = expects_continue;
  trailer_ = &trailer;
}

void RequestBody::Append(std::string_view bytes) {
  // What was read is dropped before it is more than the rest.
  if (at_ > bytes_.size() / 2) {
    bytes_.EraseFront(at_);
    at_ = 0;
  }
  bytes_.Append(bytes);
  progress_.Moved(bytes.size());
  readable_.Notify();
}

void RequestBody::NoteEnd() {
  ended_ = true;
  readable_.Notify();
}

void RequestBody::NoteClosed() {
  closed_ = true;
  readable_.Notify();
}

void RequestBody::Close() noexcept {
  given_up_ = true;
  readable_.Notify();
}

std::size_t RequestBody::DropUnread() {
  const std::size_t unread = Unread();
  bytes_.Recycle(kKept);
  at_ = 0;
  return unread;
}

void RequestBody::Recycle() {
  bytes_.Recycle(kKept);
  at_ = 0;
}

std::size_t RequestBody::Take(std::span<char> buffer) {
  const std::size_t size = std::min(buffer.size(), Unread());
  std::memcpy(buffer.data(), bytes_.data() + at_, size);
  at_ += size;
  if (at_ == bytes_.size()) {
    bytes_.Clear();
    at_ = 0;
  }
  return size;
}

// As over HTTP/1.1: a part of a trailer section must not be taken for all of it.
Result<std::size_t> RequestBody::End() {
  if (trailer_too_large_) {
    constexpr const char* kReason = "trailers too large";
    if (std::exchange(trailer_, nullptr) != nullptr) owner_.OnBadTrailer(431, kReason);
    return MakeTypedError(kReason, std::make_shared<const HttpStatus>(HttpStatus{431, {}}), &kTypeTag<HttpStatus>, Errc::kMalformed);
  }
  for (std::size_t i = 0; trailer_ != nullptr && i < trailer_block_.Size(); ++i) {
    const auto [name, value] = trailer_block_.At(i);
    trailer_->Add(name, value);
  }
  trailer_ = nullptr;
  return std::size_t{0};
}

Result<std::size_t> RequestBody::Read(const Context& ctx, std::span<char> buffer) {
  return ReadWithin(ctx, buffer, "request body", shard_.options().body_stall_timeout);
}

Result<std::size_t> RequestBody::ReadTunnel(const Context& ctx, std::span<char> buffer) {
  return ReadWithin(ctx, buffer, "hijacked stream", Duration::max());
}

// What arrived in time takes precedence over the end of a context or of a period.
Result<std::size_t> RequestBody::ReadWithin(const Context& ctx, std::span<char> buffer, const char* waits_for, Duration stall) {
  if (!std::exchange(reading_, true)) owner_.OnFirstRead();
  // A body that has arrived never makes its reader wait; other fibers of the loop get their turn all the same.
  if (++pieces_ >= kPiecesInARow) {
    pieces_ = 0;
    Yield();
  }
  if (ExpectsContinue() && !ended_ && Unread() == 0) {
    continue_sent_ = true;
    if (Error err = owner_.SendContinue()) return err;
  }
  bool stalled = false;
  for (Error why;;) {
    if (given_up_) return kClosed;
    if (Unread() > 0) {
      const std::size_t size = Take(buffer);
      owner_.OnRead(size);
      return size;
    }
    if (ended_) return End();
    if (closed_) return owner_.WhyClosed();
    if (why) {
      if (stalled) owner_.OnReadStalled();  // the context may say kTimeout for another reason
      return why;
    }
    const TimePoint until = progress_.WaitUntil(Now(), stall, shard_.options().progress_bytes_min);
    const LoopSignal::Outcome outcome = readable_.Wait(ctx, waits_for, until);
    progress_.Waited(shard_.now());
    if (outcome == LoopSignal::Outcome::kContextDone) why = ctx.Err();
    stalled = outcome == LoopSignal::Outcome::kTimedOut;
    if (stalled) why = kTimeout;
  }
}

}  // namespace weft::internal::http2
