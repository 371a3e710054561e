// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/socket_wire.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <weft/concurrency/run.h>

namespace weft::internal {
namespace {

constexpr Duration kProbeAfter = std::chrono::seconds(60);  // as Dial has it

Error SystemError(int number) { return Error(std::error_code(number, std::generic_category())); }

// Removes what was sent from the front of the parts.
void Advance(iovec*& parts, std::size_t& count, std::size_t sent) {
  for (; count > 0 && sent >= parts->iov_len; --count) sent -= (parts++)->iov_len;
  if (count == 0) return;
  parts->iov_base = static_cast<char*>(parts->iov_base) + sent;
  parts->iov_len -= sent;
}

// A server that always has or takes bytes must not keep others of this loop from their turn.
void LetOthersGo(int& pieces) {
  constexpr int kPiecesInARow = 4;
  if (++pieces < kPiecesInARow) return;
  pieces = 0;
  Yield();
}

}  // namespace

const Error& ClientWire::Stalled() noexcept {
  static const Error stalled = Error::New("stalled");  // an identity of its own
  return stalled;
}

void ClientWire::LiftPace() noexcept {
  static constexpr Pace kUnpaced;
  pace_ = &kUnpaced;
}

SocketWire::SocketWire(Loop& loop, Fd fd, bool is_unix, const Pace& pace)
    : ClientWire(pace), WatchedSocket(std::move(fd), is_unix), loop_(loop) {
  if (!is_unix) socket().ProbePeer(kProbeAfter);
}

SocketWire::~SocketWire() { Close(); }

void SocketWire::Close() noexcept {
  if (!open_) return;
  open_ = false;
  keeper_ = nullptr;
  listener_ = nullptr;
  if (Layered() && !Broken() && !HalfClosed()) static_cast<void>(ShutWrite());
  Unwatch(loop_);
  CloseSocket();
  readable_.Notify();
  writable_.Notify();
}

void SocketWire::OnFdEvents(std::uint32_t events) {
  const Ready ready = Note(events);
  if (keeper_ != nullptr) {
    if (!NothingCame()) keeper_->OnIdleEnd(*this);  // which may destroy it
    return;
  }
  if (listener_ != nullptr) {
    // The first call may be the last.
    if (ready.readable) return listener_->OnReadable();
    if (ready.writable) listener_->OnWritable();
    return;
  }
  if (ready.readable) readable_.Notify();
  if (ready.writable) writable_.Notify();
}

// The other end of a TCP connection works in real time, even in a test under virtual time; on a unix socket it is usually the test
// itself.
LoopSignal::Outcome SocketWire::WaitFor(LoopSignal& signal, const Context& ctx, const char* what, TimePoint until) {
  if (!IsUnix()) loop_.HoldTime();
  const LoopSignal::Outcome outcome = signal.Wait(ctx, what, until);
  if (!IsUnix()) loop_.ReleaseTime();
  return outcome;
}

Result<std::size_t> SocketWire::Read(const Context& ctx, std::span<char> buffer, TimePoint until) {
  // What has arrived takes precedence over a context or a limit that has ended meanwhile: it checks once more before it gives up.
  for (Error why;;) {
    if (!open_) return kClosed;
    if (MayHaveInput()) {
      bool more = false;
      const ssize_t got = WatchedSocket::Read(buffer.data(), buffer.size(), more);
      const int failure = errno;
      read_progress_.Moved(Arrived(got));
      if (got > 0) {
        NoteRead(more);
        LetOthersGo(reads_);
        return static_cast<std::size_t>(got);
      }
      if (got == 0) return std::size_t{0};
      if (!WouldWait(failure)) {
        SetBroken();
        return SystemError(failure);
      }
      NoteDrained();
    }
    if (why) return why;
    reads_ = 0;
    const TimePoint stalls = StallsAt(read_progress_);
    const LoopSignal::Outcome outcome = WaitFor(readable_, ctx, "response", std::min(stalls, until));
    NoteWaited(read_progress_, loop_.TurnTime());
    if (outcome == LoopSignal::Outcome::kNotified) continue;
    SetMayHaveInput(true);
    why = outcome == LoopSignal::Outcome::kContextDone ? ctx.Err() : until <= stalls ? Error(kTimeout) : Stalled();
  }
}

std::size_t SocketWire::ReadAtOnce(std::span<char> buffer) {
  if (!MayHaveInput()) return 0;
  bool more = false;
  const ssize_t got = WatchedSocket::Read(buffer.data(), buffer.size(), more);
  if (got <= 0) {
    if (got < 0) NoteDrained();
    return 0;
  }
  NoteRead(more);
  return static_cast<std::size_t>(got);
}

SocketWire::Taken SocketWire::TakeNow(std::span<char> buffer) {
  if (!open_) return {Taken::State::kEnd};
  if (!MayHaveInput()) return {};
  bool more = false;
  const ssize_t got = WatchedSocket::Read(buffer.data(), buffer.size(), more);
  const int failure = errno;
  if (got > 0) {
    NoteRead(more);
    return {Taken::State::kBytes, static_cast<std::size_t>(got)};
  }
  if (got == 0) return {Taken::State::kEnd};
  if (WouldWait(failure)) {
    NoteDrained();
    return {};
  }
  SetBroken();
  return {Taken::State::kFailed, 0, failure};
}

Result<std::size_t> SocketWire::WriteAtOnce(iovec* parts, std::size_t count) {
  std::size_t all = 0;
  while (count > 0) {
    const ssize_t sent = SendParts(parts, count, 0);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && WouldWait(errno)) break;
    if (sent < 0) {
      const int failure = errno;
      SetBroken();
      if (all > 0) break;  // the server may have seen that: the next call fails
      return SystemError(failure);
    }
    all += static_cast<std::size_t>(sent);
    write_progress_.Moved(static_cast<std::uint64_t>(sent));
    Advance(parts, count, static_cast<std::size_t>(sent));
    if (count > 0 && !TakesMore()) break;
  }
  return all;
}

Error SocketWire::Write(const Context& ctx, iovec* parts, std::size_t count) {
  while (count > 0) {
    if (!open_) return kClosed;
    const ssize_t sent = SendParts(parts, count, 0);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && !WouldWait(errno)) {
      const int failure = errno;
      SetBroken();
      return SystemError(failure);
    }
    if (sent > 0) {
      write_progress_.Moved(static_cast<std::uint64_t>(sent));
      Advance(parts, count, static_cast<std::size_t>(sent));
      if (count == 0 && !HoldsOutput()) {
        LetOthersGo(writes_);
        break;
      }
      if (TakesMore()) {
        Yield();
        continue;
      }
    }
    if (Error err = WaitWritable(ctx)) return err;
  }
  // What a layer holds is sent by the loop's events; it must be sent before anything else is written.
  while (HoldsOutput()) {
    if (Error err = WaitWritable(ctx)) return err;
  }
  return {};
}

// A server that takes bytes slowly makes progress that only the kernel sees; what it has acknowledged counts.
Error SocketWire::WaitWritable(const Context& ctx) {
  writes_ = 0;
  WatchWritable(loop_);
  const TimePoint until = write_progress_.WaitUntil(Now(), pace_->stall, pace_->least);
  const std::int64_t untaken = until == TimePoint::max() ? 0 : UntakenBytes();
  for (;;) {
    if (!open_) return kClosed;
    if (Broken()) return SystemError(EPIPE);
    const LoopSignal::Outcome outcome = WaitFor(writable_, ctx, "server to take the request", until);
    write_progress_.Waited(loop_.TurnTime());
    if (outcome == LoopSignal::Outcome::kContextDone) return ctx.Err();
    if (outcome == LoopSignal::Outcome::kNotified) return {};
    if (untaken - UntakenBytes() < static_cast<std::int64_t>(pace_->least)) return Stalled();
    write_progress_.Restart();
    return {};
  }
}

Error SocketWire::CloseWrite() {
  if (ShutWrite()) return {};
  return SystemError(EPIPE);
}

Error SocketWire::Handshake(const Context& ctx, std::unique_ptr<TlsSession> session) {
  channel_ = std::make_unique<TlsChannel>();
  channel_->Begin(std::move(session));
  if (!channel_->Start(socket())) return SystemError(EPIPE);
  for (;;) {
    const TlsSession::Step step = channel_->Handshake(socket(), {});
    if (channel_->Held() > 0) WatchWritable(loop_);
    if (step == TlsSession::Step::kDone) break;
    if (step == TlsSession::Step::kFailed) return Error::New(channel_->session().Failure().reason);
    const LoopSignal::Outcome outcome = WaitFor(readable_, ctx, "TLS handshake", TimePoint::max());
    if (outcome == LoopSignal::Outcome::kContextDone) return ctx.Err();
    // Room to write is flushed by the next step, too.
  }
  BeginLayer();
  SetMayHaveInput(true);
  return {};
}

// Whether nothing has arrived, or nothing but messages of TLS itself.
bool SocketWire::NothingCame() {
  if (Broken()) return false;
  if (!MayHaveInput()) return true;
  char unasked = 0;
  bool more = false;
  const ssize_t got = WatchedSocket::Read(&unasked, 1, more);
  if (got >= 0 || !WouldWait(errno)) return false;
  NoteDrained();
  return !HalfClosed();
}

bool SocketWire::StaysQuiet() {
  SetMayHaveInput(true);
  return NothingCame();
}

bool SocketWire::Rest(Keeper& keeper) {
  if (HoldsOutput() || HalfClosed() || !NothingCame()) return false;
  keeper_ = &keeper;
  read_progress_.Restart();
  write_progress_.Restart();
  return true;
}

}  // namespace weft::internal
