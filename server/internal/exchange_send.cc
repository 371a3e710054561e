// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <weft/http/internal/sniff.h>
#include <weft/http/status.h>
#include <weft/net/internal/socket.h>
#include <weft/server/internal/exchange.h>

namespace weft::internal {
std::span<char> Exchange::Buffer() {
  if (body_buffer_ == nullptr) body_buffer_.reset(new char[kBodyBuffer]);
  return {body_buffer_.get(), kBodyBuffer};
}

// Whether this connection lives on behind the answer whose head is built now. An unread body that is not worth reading, one that is too
// large, or whose client still waits for permission to send it, ends the connection; but a handler that answers while it reads most
// likely reads on.
bool Exchange::MayKeepAlive(bool answer_goes_on) {
  if (body_failed_ || (server_.draining() && !AnotherIsHere())) keep_alive_ = false;
  const bool reads = answer_goes_on && !body_failed_ && RequestAccess::BodyBytesRead(request_) > 0;
  if (!body_ended_ && !reads && !BodyWorthReading()) keep_alive_ = false;
  if (framing_.kind != BodyKind::kNone && RequestAccess::BodyError(request_).Is(kTooLarge)) keep_alive_ = false;
  return keep_alive_;
}

// In a drain: whether a request came behind this one that is whole, as far as its head can tell. It has been sent before its client could
// know of the drain, so it is answered too. One look for each connection: a client that never stops is stopped.
bool Exchange::AnotherIsHere() {
  if (!body_ended_) return false;
  if (!std::exchange(read_ahead_, true)) {
    if (ahead_.empty()) ahead_.Assign({in_.data() + next_, in_.size() - next_});
    const ssize_t got = connection_->socket().Receive(ahead_.Reserve(LoopServer::kReadBytes), LoopServer::kReadBytes);
    if (got > 0) ahead_.Grow(static_cast<std::size_t>(got));
  }
  const std::string_view rest = ahead_.empty() ? in_.View().substr(next_) : ahead_.View();
  Head head;
  return !rest.empty() && ParseHead(rest, server_.shared().limits, head).verdict == HeadResult::Verdict::kDone;
}

ResponseFacts Exchange::FactsOf(int status, bool answer_goes_on) {
  ResponseFacts facts;
  facts.status = status;
  facts.head_request = head_.is_head;
  facts.connect_request = head_.is_connect;
  facts.version_minor = head_.version_minor;
  facts.keep_alive = MayKeepAlive(answer_goes_on);
  return facts;
}

void Exchange::HoldHeadBytes(const ResponseHead& head) {
  for (std::size_t room = 512;;) {
    const std::size_t size = WriteResponseHead(Held().Reserve(room), room, head);
    if (size <= room) return Held().Grow(size);
    room = size;
  }
}

// Appends the head to what is held.
void Exchange::HoldHead(int status, Fields& header, const ResponseFacts& facts, std::string_view content_type) {
  answer_ = FrameResponse(facts);
  if (WantsClose(header)) answer_.keep_alive = false;
  keep_alive_ = answer_.keep_alive && status != 101;  // what follows 101 is not HTTP
  ResponseHead head;
  head.status = status;
  head.version_minor = head_.version_minor;
  head.fields = &header;
  head.framing = answer_;
  head.date_line = server_.DateLine();
  head.content_type = content_type;
  HoldHeadBytes(head);
}

Error Exchange::SendWhole(int status, Fields& header, std::string_view body) {
  if (transmitting_) WaitForTurn();
  ResponseFacts facts = FactsOf(status, /*answer_goes_on=*/false);
  facts.complete = true;
  facts.body_bytes = body.size();
  const std::string_view type = body.empty() || header.Has("Content-Type") ? std::string_view() : SniffContentType(body);
  HoldHead(status, header, facts, type);
  if (answer_.send_body) Held().Append(body);
  return {};
}

Error Exchange::SendHead(int status, Fields& header, std::optional<std::uint64_t> length) {
  if (transmitting_) WaitForTurn();
  ResponseFacts facts = FactsOf(status, /*answer_goes_on=*/true);
  facts.declared_length = length;
  HoldHead(status, header, facts, {});
  // The type can be told from the first bytes of the body, which come next.
  const bool untyped = answer_.send_body && !header.Has("Content-Type") && !header.Has("Content-Encoding");
  sniff_at_ = untyped ? Held().size() - 2 : 0;
  return {};
}

void Exchange::HoldContentType(std::string_view body) {
  if (sniff_at_ == 0) return;
  std::string line("Content-Type: ");
  line += SniffContentType(body);
  line += "\r\n";
  Held().Insert(sniff_at_, line);
  sniff_at_ = 0;
}

Error Exchange::SendBody(std::string_view first, std::string_view second) {
  if (transmitting_) WaitForTurn();
  HoldContentType(first.empty() ? second : first);
  char chunk[kChunkHeaderMax];
  iovec parts[5];
  std::size_t count = 0;
  if (answer_.kind == BodyKind::kChunked) {
    char* header = WriteChunkHeaderBefore(chunk + sizeof(chunk), first.size() + second.size());
    Held().Append({header, static_cast<std::size_t>(chunk + sizeof(chunk) - header)});
  }
  parts[count++] = Part(Held().View());
  if (!first.empty()) parts[count++] = Part(first);
  if (!second.empty()) parts[count++] = Part(second);
  if (answer_.kind == BodyKind::kChunked) parts[count++] = Part(kChunkEnd);
  const Error err = Transmit(parts, count);
  LetOthersThrough();
  return err;
}

Error Exchange::Flush() {
  if (transmitting_) WaitForTurn();
  sniff_at_ = 0;  // the head goes out now
  const Error err = SendHeld();
  LetOthersThrough();
  return err;
}

Error Exchange::SendEnd(std::string_view rest, Fields& trailer) {
  if (transmitting_) WaitForTurn();
  if (!rest.empty()) {
    HoldContentType(rest);
    if (answer_.kind == BodyKind::kChunked) {
      char chunk[kChunkHeaderMax];
      char* header = WriteChunkHeaderBefore(chunk + sizeof(chunk), rest.size());
      Held().Append({header, static_cast<std::size_t>(chunk + sizeof(chunk) - header)});
    }
    Held().Append(rest);
    if (answer_.kind == BodyKind::kChunked) Held().Append(kChunkEnd);
  }
  sniff_at_ = 0;
  if (answer_.kind != BodyKind::kChunked) return {};
  if (trailer.Size() == 0) {
    Held().Append(kLastChunk);
    return {};
  }
  const std::size_t size = WriteLastChunk(nullptr, 0, trailer);
  WriteLastChunk(Held().Reserve(size), size, trailer);
  Held().Grow(size);
  return {};
}

Error Exchange::SendInformational(int status, Fields& header) {
  if (transmitting_) WaitForTurn();
  if (head_.version_minor == 0) return {};  // a client of HTTP/1.0 would take it for the answer (RFC 9110 section 15.2)
  if (status == 100) continue_sent_ = true;
  ResponseHead head;
  head.status = status;
  head.fields = &header;
  const std::size_t size = WriteResponseHead(nullptr, 0, head);
  WriteResponseHead(Held().Reserve(size), size, head);
  Held().Grow(size);
  answer_begin_ = held_.size();  // the final one has not begun
  return SendHeld();
}

// Of this answer nothing more goes out; answers before it that are held are whole and still do.
void Exchange::Abort() noexcept {
  aborted_ = true;
  keep_alive_ = false;
  Held().Truncate(std::min(answer_begin_, Held().size()));
  if (hijacked_) WakeStream();
}

// So many bytes of what is held are out.
void Exchange::NoteSent(std::size_t bytes) noexcept {
  if (bytes > answer_begin_) begun_out_ = true;
  write_progress_.Moved(bytes);
  Held().EraseFront(bytes);
  answer_begin_ -= std::min(answer_begin_, bytes);
}

// Sends what was held while there is no time to wait: the handler is about to park, or has. What the socket does not take stays until
// there is room.
void Exchange::SendHeldWithoutWaiting() noexcept {
  if (sniff_at_ != 0 || finished_for_cut_) return;  // the head is not finished, or everything is
  const ssize_t sent = connection_->socket().Send(Held().data(), Held().size());
  if (sent > 0) NoteSent(static_cast<std::size_t>(sent));
  if (!Held().empty()) connection_->WatchWritable();
}

void Exchange::SendFromBeside() noexcept {
  const ssize_t sent = connection_->socket().Send(held_.data(), held_.size());
  sent_from_beside_ = sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void Exchange::NoteSentFromBeside() noexcept { NoteSent(std::exchange(sent_from_beside_, 0)); }

bool Exchange::FinishForCut() {
  if (hijacked_ || transmitting_ || aborted_) return false;
  if (serving_ && !answered_) {
    if (begun_out_) return false;
    Held().Truncate(std::min(answer_begin_, Held().size()));
    sniff_at_ = 0;
    HoldRefusal(503, "the server is closing");
  }
  SendHeldWithoutWaiting();
  keep_alive_ = false;
  finished_for_cut_ = Held().empty();
  return finished_for_cut_;
}

void Exchange::HoldRefusal(int status, std::string_view reason) {
  char answer[1024];
  const std::size_t size = WriteSimpleError(answer, sizeof(answer), status, reason, server_.DateLine(), 0, head_.is_head);
  if (size <= sizeof(answer)) Held().Append({answer, size});
  server_.observer().OnRequestRefused({status, reason});
}

Error Exchange::SendHeld() {
  if (Held().empty()) return {};
  // The usual case first: all of it, in one piece, into an empty socket.
  if (!failed_ && !finished_for_cut_) {
    const ssize_t sent = connection_->socket().Send(held_.data(), held_.size());
    if (sent > 0) NoteSent(static_cast<std::size_t>(sent));
    if (held_.empty()) return {};
  }
  iovec part = Part(held_.View());
  return Transmit(&part, 1);
}

// Sends all parts, held_ first, in pieces as the client takes them. The deadline of the request does not end it: a handler can still answer.
Error Exchange::Transmit(iovec* parts, std::size_t count) {
  if (failed_) return kClosed;
  if (finished_for_cut_) {
    Held().Clear();
    return kServerClosing;
  }
  transmitting_ = true;
  try {
    const Error err = SendParts(parts, count, 0);
    EndTransmission(err);
    return err;
  } catch (...) {  // by an observer, or for want of memory: nobody knows how much is out
    connection_->SetBroken();
    EndTransmission(kClosed);
    throw;
  }
}

Error Exchange::SendParts(iovec* parts, std::size_t count, int flags) {
  Error err;
  if (count > 1 || Held().empty() || Held().size() > answer_begin_) begun_out_ = true;
  while (count > 0) {
    ssize_t sent = connection_->socket().SendParts(parts, count, flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      err = SocketBroke();
      break;
    }
    if (sent > 0) write_progress_.Moved(static_cast<std::uint64_t>(sent));
    for (; count > 0 && sent >= static_cast<ssize_t>(parts->iov_len); --count) sent -= static_cast<ssize_t>((parts++)->iov_len);
    if (count == 0) break;
    if (sent > 0) {
      parts->iov_base = static_cast<char*>(parts->iov_base) + sent;
      parts->iov_len -= static_cast<std::size_t>(sent);
    }
    err = WaitWritable();
    if (err) break;
  }
  Held().Clear();
  answer_begin_ = 0;
  return err;
}

void Exchange::EndTransmission(const Error& err) {
  transmitting_ = false;
  turn_.Notify();
  if (!err) return;
  keep_alive_ = false;
  failed_ = connection_->broken() || connection_->cut();  // otherwise it was a file
}

Error Exchange::SocketBroke() {
  connection_->SetBroken();
  NoteClientGone();
  return connection_->cut() ? kServerClosing : kClientGone;
}

// A handler may read and write at the same time, in two fibers, and the one that reads may be sending what was held back. Nobody touches
// held_ meanwhile.
void Exchange::WaitForTurn() {
  while (transmitting_) (void)turn_.Wait(Background(), "turn to send the answer");
}

// Why nothing more can be written, whatever has woken who wants to; empty if there is no reason.
Error Exchange::WhyNoMore() const {
  if (connection_->cut()) return kServerClosing;
  if (stream_closed_) return kClosed;
  return connection_->broken() ? Error(kClientGone) : Error();
}

// Until there is room, or the client has taken too little in a whole period.
Error Exchange::WaitWritable() {
  connection_->WatchWritable();
  if (Error err = WhyNoMore()) return err;
  const Duration stall = server_.options().write_stall_timeout;
  for (;;) {
    const TimePoint until = write_progress_.WaitUntil(Now(), stall, server_.options().progress_bytes_min);
    if (write_progress_.AtBegin()) untaken_ = connection_->socket().UntakenBytes();
    const LoopSignal::Outcome outcome = writable_.Wait(Background(), "client to take the answer", until);
    write_progress_.Waited(server_.now());
    // Whatever has happened in the same turn: the end of a period says nothing about the rest.
    if (Error err = WhyNoMore()) return err;
    if (outcome != LoopSignal::Outcome::kTimedOut) return {};
    if (ClientTakesEnough()) continue;
    server_.observer().OnTimedOut({connection_->PeerName(), TimeoutKind::kWriteStall, stall});
    connection_->Because(CloseReason::kTimedOut);
    // What the client has not taken yet, which may be megabytes, does not stay with the kernel for as long as the client likes.
    connection_->ResetAtEnd();
    Cancel(kTimeout);
    return kTimeout;
  }
}

// The kernel wakes a writer when a good part of its buffer is free, and that buffer may hold what a slow client needs minutes for. So at
// the end of a period it is asked how much has left it. If that is enough, a new period begins.
bool Exchange::ClientTakesEnough() {
  const std::int64_t taken =
      untaken_ + static_cast<std::int64_t>(write_progress_.moved()) - connection_->socket().UntakenBytes();
  if (taken < static_cast<std::int64_t>(server_.options().progress_bytes_min)) return false;
  write_progress_.Restart();
  return true;
}

}  // namespace weft::internal
