// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/paced_io.h>

#include <cerrno>

#include <weft/concurrency/run.h>

namespace weft::internal {

// A body that arrives as fast as its handler reads never makes it wait. The other connections of the loop get
// their turn all the same; the loop looks for their events after a good number of such turns, so these
// come often.
void PacedIo::AfterPiece() {
  if (++pieces_ < kPiecesInARow) return;
  pieces_ = 0;
  Yield();
}

// A yield would let in only fibers that are ready; this also lets the loop look for new events.
Error PacedIo::AfterLongTurn() {
  struct Later : LoopTask {
    Later() : LoopTask([](LoopTask* task) { static_cast<Later*>(task)->signal.Notify(); }) {}
    LoopSignal signal;
  } later;
  loop_.Post(later);
  static_cast<void>(later.signal.Wait(Background(), "others of the loop to have their turn"));
  return socket_->Broken() || socket_->Forced() ? Broke() : Error();
}

Error PacedIo::Broke() {
  socket_->SetBroken();
  owner_.OnPeerGone();
  return socket_->Forced() ? kServerClosing : kClientGone;
}

// Why nothing more can be written, whatever has woken the fiber that wants to write; empty if there is no reason.
Error PacedIo::WhyNoMore() const {
  if (socket_->Forced()) return kServerClosing;
  if (WritingClosed()) return kClosed;
  return socket_->Broken() ? Error(kClientGone) : Error();
}

Result<std::size_t> PacedIo::Receive(const Context& ctx, std::span<char> buffer, const char* waits_for, Duration stall) {
  AfterPiece();
  // Before it gives up, for whatever reason, it checks once more: what arrived in time counts.
  bool stalled = false;
  for (Error why;;) {
    if (closed_) return kClosed;
    if (socket_->Forced()) return kServerClosing;
    // After a read that took everything that was there, another one would find nothing.
    if (why || socket_->Special() || socket_->MayHaveInput()) {
      bool more = false;
      const ssize_t got = socket_->Read(buffer.data(), buffer.size(), more);
      read_progress_.Moved(socket_->Arrived(got));
      if (got > 0) {
        socket_->NoteRead(more);
        return static_cast<std::size_t>(got);
      }
      if (got == 0) return std::size_t{0};
      if (!WouldWait(errno)) return Broke();
      socket_->NoteDrained();
    }
    if (why) {
      if (stalled) owner_.OnReadStalled(stall);  // the context may say kTimeout for another reason
      return why;
    }
    if (!turn_.Taken() && owner_.HoldsOutput()) {
      // The peer may be waiting for it before it continues. What arrived while it was being sent has woken no fiber.
      if (Error err = owner_.SendHeld()) return err;
      continue;
    }
    const bool paced = stall != Duration::max();
    const TimePoint until = paced ? read_progress_.WaitUntil(Now(), stall, progress_min_) : TimePoint::max();
    const LoopSignal::Outcome outcome = readable_.Wait(ctx, waits_for, until);
    if (paced) read_progress_.Waited(loop_.TurnTime());
    if (outcome == LoopSignal::Outcome::kContextDone) why = ctx.Err();
    stalled = outcome == LoopSignal::Outcome::kTimedOut;
    if (stalled) why = kTimeout;
  }
}

Error PacedIo::Send(iovec* parts, std::size_t count) {
  const FiberTurn::Hold hold(turn_);
  try {
    Error err = SendInTurn(parts, count, 0);
    if (err) NoteFailure();
    return err;
  } catch (...) {  // by the owner, or for lack of memory: how much was sent is unknown
    socket_->SetBroken();
    failed_ = true;
    throw;
  }
}

Error PacedIo::SendInTurn(iovec* parts, std::size_t count, int flags) {
  while (count > 0) {
    ssize_t sent = socket_->SendParts(parts, count, flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && !WouldWait(errno)) return Broke();
    if (sent > 0) write_progress_.Moved(static_cast<std::uint64_t>(sent));
    for (; count > 0 && sent >= static_cast<ssize_t>(parts->iov_len); --count) {
      sent -= static_cast<ssize_t>((parts++)->iov_len);
    }
    if (count == 0) return {};
    if (sent > 0) {
      parts->iov_base = static_cast<char*>(parts->iov_base) + sent;
      parts->iov_len -= static_cast<std::size_t>(sent);
    }
    if (sent > 0 && socket_->TakesMore()) {
      AfterPiece();
      if (Error err = WhyNoMore()) return err;
    } else if (Error err = WaitWritable()) {
      return err;
    }
  }
  return {};
}

Error PacedIo::SendWhatIsHeld() {
  WaitForTurn();
  const FiberTurn::Hold hold(turn_);
  while (socket_->HoldsOutput()) {
    if (Error err = WaitWritable()) {
      NoteFailure();
      return err;
    }
  }
  return {};
}

ssize_t PacedIo::SendFileAtOnce(int file, std::uint64_t offset, std::size_t size) {
  const ssize_t sent = socket_->SendFile(file, offset, size);
  if (sent > 0) write_progress_.Moved(static_cast<std::uint64_t>(sent));
  return sent;
}

// Waits until there is room, or the peer has taken too little in a full period.
Error PacedIo::WaitWritable() {
  socket_->WatchWritable(loop_);
  if (Error err = WhyNoMore()) return err;
  for (;;) {
    const TimePoint until = write_progress_.WaitUntil(Now(), write_stall_, progress_min_);
    if (write_progress_.AtBegin()) untaken_ = socket_->UntakenBytes();
    const LoopSignal::Outcome outcome = writable_.Wait(Background(), "client to take the response", until);
    write_progress_.Waited(loop_.TurnTime());
    // Whatever else has happened in the same turn: the end of a period says nothing about it.
    if (Error err = WhyNoMore()) return err;
    if (outcome != LoopSignal::Outcome::kTimedOut) return {};
    if (PeerTakesEnough()) continue;
    // What the peer has not taken yet, which may be megabytes, must not stay in the kernel for as long as
    // the peer likes.
    socket_->ResetAtEnd();
    owner_.OnWriteStalled(write_stall_);
    return kTimeout;
  }
}

// The kernel wakes a writer when a good part of its buffer is free, and that buffer may hold what a slow
// peer needs minutes for. So at the end of a period it is asked how much has left it. If that is enough, a
// new period begins.
bool PacedIo::PeerTakesEnough() {
  const std::int64_t taken =
      untaken_ + static_cast<std::int64_t>(write_progress_.moved()) - socket_->UntakenBytes();
  if (taken < static_cast<std::int64_t>(progress_min_)) return false;
  write_progress_.Restart();
  return true;
}

}  // namespace weft::internal
