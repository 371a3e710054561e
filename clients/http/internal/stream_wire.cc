// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/stream_wire.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>

namespace weft::internal {
namespace {

constexpr std::size_t kReceived = 17 * 1024;  // a record of TLS

Error ConnectionReset() { return std::errc::connection_reset; }

}  // namespace

// The limits of a wait, which a Stream does not know.
Result<std::size_t> StreamWire::ReadRaw(const Context& ctx, std::span<char> buffer, TimePoint until) {
  const TimePoint stalls = StallsAt(read_progress_);
  const TimePoint ends = std::min(stalls, until);
  const Result<std::size_t> got = [&] {
    if (ends == TimePoint::max()) return stream_.Read(ctx, buffer);
    const CancelScope limit = WithDeadline(ctx, ends);
    return stream_.Read(limit.ctx, buffer);
  }();
  NoteWaited(read_progress_, Now());
  if (got.Ok()) {
    read_progress_.Moved(*got);
    ended_ = ended_ || *got == 0;
    return got;
  }
  const bool in_time = ctx.Err() || !got.Err().Is(kDeadlineExceeded);
  if (!in_time && until <= stalls) return Error(kTimeout);  // the caller may continue, as after a wait for 100 Continue
  ended_ = true;
  return in_time ? got.Err() : Stalled();
}

// What has arrived. A Stream can be asked only by a read, which this ends once the loop has had its turn.
Result<std::size_t> StreamWire::ReadInThisTurn(std::span<char> buffer) {
  const CancelScope turn = WithCancel(Background());
  struct End : LoopTask {
    explicit End(const CancelFunc& ends) : LoopTask([](LoopTask* self) { static_cast<End*>(self)->Run(); }), cancel(ends) {}
    void Run() {
      cancel();
      ran = true;
    }
    const CancelFunc& cancel;
    bool ran = false;
  } end(turn.cancel);
  Loop::Current()->Post(end);
  const Result<std::size_t> got = stream_.Read(turn.ctx, buffer);
  while (!end.ran) Yield();
  if (!got.Ok() && got.Err().Is(kCanceled)) return Error(kTimeout);
  return got;
}

bool StreamWire::StaysQuiet() {
  std::array<char, 1> unasked;
  while (!ended_) {
    const Result<std::size_t> got = ReadInThisTurn(session_ != nullptr ? std::span<char>(received_.get(), kReceived) : unasked);
    if (!got.Ok()) return got.Err().Is(kTimeout);
    if (*got == 0 || session_ == nullptr) return false;
    // TLS may have had something to say.
    const TlsSession::ReadResult result = session_->Read({received_.get(), *got}, unasked, sealed_);
    if (result.size > 0 || result.state != TlsSession::ReadState::kWantInput) return false;
  }
  return false;
}

Error StreamWire::WriteRaw(const Context& ctx, std::string_view bytes) {
  if (pace_->stall == Duration::max()) return stream_.Write(ctx, bytes);
  // A Stream reports what it has taken only at the end: so pieces have the size that has to move in its time.
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view piece = bytes.substr(at, std::max<std::size_t>(pace_->least, 64 * 1024));
    const CancelScope limit = WithTimeout(ctx, pace_->stall);
    if (Error err = stream_.Write(limit.ctx, piece)) return !ctx.Err() && err.Is(kDeadlineExceeded) ? Stalled() : err;
    at += piece.size();
  }
  return {};
}

// A reader may have something to send, too; complete records are sent in the order in which they were sealed.
Error StreamWire::SendSealed(const Context& ctx) {
  if (!turn_.Wait(ctx, "turn to send")) return ctx.Err();
  const FiberTurn::Hold hold(turn_);
  while (!sealed_.empty()) {
    ByteBuffer sealed;
    sealed.Swap(sealed_);
    if (Error err = WriteRaw(ctx, sealed.View())) return err;
    sealed.Clear();
    if (sealed_.empty()) sealed_.Swap(sealed);
  }
  return {};
}

Error StreamWire::Handshake(const Context& ctx, std::unique_ptr<TlsSession> session) {
  session_ = std::move(session);
  received_ = std::make_unique<char[]>(kReceived);
  for (std::size_t came = 0;;) {
    const TlsSession::Step step = session_->Handshake({received_.get(), came}, sealed_);
    const Error sent = SendSealed(ctx);
    if (step == TlsSession::Step::kFailed) return Error::New(session_->Failure().reason);
    if (sent) return sent;
    if (step == TlsSession::Step::kDone) return {};
    const Result<std::size_t> got = ReadRaw(ctx, {received_.get(), kReceived}, TimePoint::max());
    if (Error err = got.Err()) return err;
    if (*got == 0) session_->SawFin();
    came = *got;
  }
}

Result<std::size_t> StreamWire::Read(const Context& ctx, std::span<char> buffer, TimePoint until) {
  if (session_ == nullptr) return ReadRaw(ctx, buffer, until);
  for (std::size_t came = 0;;) {
    const TlsSession::ReadResult result = session_->Read({received_.get(), came}, buffer, sealed_);
    if (!sealed_.empty()) {
      if (Error err = SendSealed(ctx)) return err;
    }
    if (result.size > 0) return result.size;
    if (result.state == TlsSession::ReadState::kFailed || session_->Ended() == TlsSession::PeerEnd::kTruncated) return ConnectionReset();
    if (result.state == TlsSession::ReadState::kEnded) {
      ended_ = true;
      return std::size_t{0};
    }
    if (result.state == TlsSession::ReadState::kMore) {
      came = 0;
      continue;
    }
    const Result<std::size_t> got = ReadRaw(ctx, {received_.get(), kReceived}, until);
    if (Error err = got.Err()) return err;
    if (*got == 0) session_->SawFin();
    came = *got;
  }
}

Error StreamWire::Write(const Context& ctx, iovec* parts, std::size_t count) {
  if (session_ != nullptr) {
    if (!session_->Write({parts, count}, sealed_)) return ConnectionReset();
    return SendSealed(ctx);
  }
  for (; count > 0; --count, ++parts) {
    if (Error err = WriteRaw(ctx, {static_cast<const char*>(parts->iov_base), parts->iov_len})) return err;
  }
  return {};
}

Error StreamWire::CloseWrite() {
  if (session_ != nullptr) {
    session_->Finish(sealed_);
    if (Error err = SendSealed(Background())) return err;
  }
  return stream_.CloseWrite();
}

}  // namespace weft::internal
