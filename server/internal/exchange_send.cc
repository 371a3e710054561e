// SPDX-License-Identifier: Apache-2.0
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <weft/handlers/status.h>
#include <weft/server/internal/exchange.h>
#include <weft/server/internal/socket_io.h>
#include <weft/server/internal/wire/sniff.h>

namespace weft::internal {
namespace {

// Bytes that the socket holds because the client has not taken them.
std::int64_t UntakenBytes(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

}  // namespace

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
    const ssize_t got = internal::Receive(connection_->descriptor(), ahead_.Reserve(LoopServer::kReadBytes), LoopServer::kReadBytes);
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
    const std::size_t size = WriteResponseHead(held_.Reserve(room), room, head);
    if (size <= room) return held_.Grow(size);
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
  if (answer_.send_body) held_.Append(body);
  return {};
}

Error Exchange::SendHead(int status, Fields& header, std::optional<std::uint64_t> length) {
  if (transmitting_) WaitForTurn();
  ResponseFacts facts = FactsOf(status, /*answer_goes_on=*/true);
  facts.declared_length = length;
  HoldHead(status, header, facts, {});
  // The type can be told from the first bytes of the body, which come next.
  const bool untyped = answer_.send_body && !header.Has("Content-Type") && !header.Has("Content-Encoding");
  sniff_at_ = untyped ? held_.size() - 2 : 0;
  return {};
}

void Exchange::HoldContentType(std::string_view body) {
  if (sniff_at_ == 0) return;
  std::string line("Content-Type: ");
  line += SniffContentType(body);
  line += "\r\n";
  held_.Insert(sniff_at_, line);
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
    held_.Append({header, static_cast<std::size_t>(chunk + sizeof(chunk) - header)});
  }
  parts[count++] = Part(held_.View());
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
      held_.Append({header, static_cast<std::size_t>(chunk + sizeof(chunk) - header)});
    }
    held_.Append(rest);
    if (answer_.kind == BodyKind::kChunked) held_.Append(kChunkEnd);
  }
  sniff_at_ = 0;
  if (answer_.kind != BodyKind::kChunked) return {};
  if (trailer.Size() == 0) {
    held_.Append(kLastChunk);
    return {};
  }
  const std::size_t size = WriteLastChunk(nullptr, 0, trailer);
  WriteLastChunk(held_.Reserve(size), size, trailer);
  held_.Grow(size);
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
  WriteResponseHead(held_.Reserve(size), size, head);
  held_.Grow(size);
  return SendHeld();
}

// Of this answer nothing more goes out; answers before it that are held are whole and still do.
void Exchange::Abort() noexcept {
  aborted_ = true;
  keep_alive_ = false;
  held_.Truncate(std::min(answer_begin_, held_.size()));
  if (hijacked_) WakeStream();
}

// Sends what was held while there is no time to wait: the handler is about to park, or has. What the socket does not take stays until
// there is room.
void Exchange::SendHeldWithoutWaiting() noexcept {
  if (sniff_at_ != 0) return;  // the head is not finished
  const ssize_t sent = Send(connection_->descriptor(), held_.data(), held_.size());
  if (sent > 0) {
    write_progress_.Moved(static_cast<std::uint64_t>(sent));
    held_.EraseFront(static_cast<std::size_t>(sent));
    answer_begin_ -= std::min(answer_begin_, static_cast<std::size_t>(sent));
  }
  if (!held_.empty()) connection_->WatchWritable();
}

Error Exchange::SendHeld() {
  if (held_.empty()) return {};
  // The usual case first: all of it, in one piece, into an empty socket.
  if (!failed_) {
    const ssize_t sent = Send(connection_->descriptor(), held_.data(), held_.size());
    if (sent > 0) {
      write_progress_.Moved(static_cast<std::uint64_t>(sent));
      held_.EraseFront(static_cast<std::size_t>(sent));
    }
    if (held_.empty()) {
      answer_begin_ = 0;
      return {};
    }
  }
  iovec part = Part(held_.View());
  return Transmit(&part, 1);
}

// Sends all parts, held_ first, in pieces as the client takes them. The deadline of the request does not end it: a handler can still answer.
Error Exchange::Transmit(iovec* parts, std::size_t count) {
  if (failed_) return kClosed;
  transmitting_ = true;
  const Error err = SendParts(parts, count, 0);
  EndTransmission(err);
  return err;
}

Error Exchange::SendParts(iovec* parts, std::size_t count, int flags) {
  Error err;
  while (count > 0) {
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    ssize_t sent = sendmsg(connection_->descriptor(), &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
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
  held_.Clear();
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

// Until there is room, or the client has taken too little in a whole period.
Error Exchange::WaitWritable() {
  connection_->WatchWritable();
  if (connection_->cut()) return kServerClosing;
  if (connection_->broken()) return kClientGone;
  const Duration stall = server_.options().write_stall_timeout;
  for (;;) {
    const TimePoint until = write_progress_.WaitUntil(Now(), stall, server_.options().progress_bytes_min);
    if (write_progress_.AtBegin()) untaken_ = UntakenBytes(connection_->descriptor());
    const LoopSignal::Outcome outcome = writable_.Wait(Background(), "client to take the answer", until);
    write_progress_.Waited(server_.now());
    if (outcome != LoopSignal::Outcome::kTimedOut) break;
    if (ClientTakesEnough()) continue;
    server_.observer().OnTimedOut({connection_->PeerName(), TimeoutKind::kWriteStall, stall});
    connection_->Because(CloseReason::kTimedOut);
    // What the client has not taken yet, which may be megabytes, does not stay with the kernel for as long as the client likes.
    connection_->ResetAtEnd();
    Cancel(kTimeout);
    return kTimeout;
  }
  if (connection_->cut()) return kServerClosing;
  if (stream_closed_) return kClosed;
  return connection_->broken() ? Error(kClientGone) : Error();
}

// The kernel wakes a writer when a good part of its buffer is free, and that buffer may hold what a slow client needs minutes for. So at
// the end of a period it is asked how much has left it. If that is enough, a new period begins.
bool Exchange::ClientTakesEnough() {
  const std::int64_t taken =
      untaken_ + static_cast<std::int64_t>(write_progress_.moved()) - UntakenBytes(connection_->descriptor());
  if (taken < static_cast<std::int64_t>(server_.options().progress_bytes_min)) return false;
  write_progress_.Restart();
  return true;
}

}  // namespace weft::internal
