// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/outgoing.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include <weft/net/internal/socket.h>

namespace weft::internal::http1 {

void Outgoing::DropResponse() {
  Bytes().Truncate(std::min(response_at_, bytes_.size()));
  type_at_ = 0;
}

void Outgoing::AddType(std::string_view type) {
  std::string line("Content-Type: ");
  line += type;
  line += "\r\n";
  Bytes().Insert(std::exchange(type_at_, 0), line);
}

// A layer may hold the end of what was sent: a connection is not given back before that was sent.
Error Outgoing::WaitUntilSent() {
  if (io_.Failed()) return kClosed;
  if (finished_) return kServerClosing;
  Error err = io_.WaitUntilSent();
  if (err) facts_.Note(KeepAliveFacts::kFailed);
  return err;
}

[[gnu::always_inline]] inline void Outgoing::NoteSent(std::size_t bytes) noexcept {
  if (bytes > response_at_) begun_ = true;
  if (bytes == bytes_.size()) {  // nearly always
    bytes_.Clear();
  } else {
    bytes_.EraseFront(bytes);
  }
  response_at_ -= std::min(response_at_, bytes);
}

void Outgoing::SendAtOnce() noexcept {
  if (type_at_ != 0 || finished_ || io_.Failed()) return;
  try {
    const ssize_t sent = io_.SendAtOnce(Bytes().View());
    if (sent > 0) NoteSent(static_cast<std::size_t>(sent));
  } catch (const std::bad_alloc&) {  // with a layer, how much was sent is unknown
    io_.socket().SetBroken();
    io_.NoteFailure();
    return;
  }
  if (!bytes_.empty()) io_.socket().WatchWritable(io_.loop());
}

// Sends all that waits, with `count` - 1 parts of the current response.
void Outgoing::NoteLeaving(std::size_t count) noexcept {
  if (count > 1 || bytes_.size() > response_at_) begun_ = true;
  response_at_ = type_at_ = 0;
}

Error Outgoing::Send() {
  if (Bytes().empty()) return {};
  type_at_ = 0;
  // The usual case first: all of it, in one piece, into an empty socket.
  if (!io_.Failed() && !finished_) {
    const ssize_t sent = io_.SendAtOnce(bytes_.View());
    if (sent > 0) NoteSent(static_cast<std::size_t>(sent));
    if (bytes_.empty()) return {};
  }
  iovec part;
  return SendWith(&part, 1);
}

Error Outgoing::SendWith(iovec* parts, std::size_t count) {
  if (io_.Failed()) return kClosed;
  if (finished_) {
    Bytes().Clear();
    return kServerClosing;
  }
  parts[0] = Part(Bytes().View());
  NoteLeaving(count);
  Error err = io_.Send(parts, count);
  bytes_.Clear();
  if (err) facts_.Note(KeepAliveFacts::kFailed);
  return err;
}

Error Outgoing::SendPiece(std::string_view piece) {
  if (!io_.Failed() && !finished_) {
    const ssize_t sent = io_.SendAtOnce(piece);
    if (sent > 0) {
      NoteLeaving(2);
      piece.remove_prefix(static_cast<std::size_t>(sent));
      if (piece.empty()) return {};
    }
  }
  iovec parts[2];
  parts[1] = Part(piece);
  return SendWith(parts, 2);
}

Error Outgoing::SendInTurnWith(iovec* parts, std::size_t count, int flags) {
  parts[0] = Part(Bytes().View());
  NoteLeaving(count);
  Error err = io_.SendInTurn(parts, count, flags);
  bytes_.Clear();
  return err;
}

void Outgoing::Lend(Lendable* batch) {
  // The object that encrypts also decrypts: a handler that reads its body must not meet another thread there.
  if (!Bytes().empty() && io_.socket().Layered()) SendAtOnce();
  if (bytes_.empty()) {
    held_since_ = TimePoint::min();
  } else if (const TimePoint now = Now(); held_since_ == TimePoint::min()) {
    held_since_ = now;
  } else if (now - held_since_ > kPatience) {
    SendAtOnce();
    held_since_ = now;
  }
  Lendable* own = bytes_.empty() || io_.socket().Layered() ? nullptr : this;
  if (own != nullptr || batch != nullptr) lending_.Lend(own, batch);
}

void Outgoing::SendFromWatchdog() noexcept {
  const ssize_t sent = io_.socket().Send(bytes_.View());
  sent_from_watchdog_ = sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void Outgoing::NoteSentFromWatchdog() noexcept {
  io_.NoteMoved(sent_from_watchdog_);
  NoteSent(std::exchange(sent_from_watchdog_, 0));
}

}  // namespace weft::internal::http1
