// SPDX-License-Identifier: Apache-2.0
//
// A connection that its handler has taken over: the same descriptor, in the same epoll set, with the same signals; what is missing is HTTP.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <weft/net/internal/socket.h>
#include <weft/server/internal/exchange.h>

namespace weft::internal {

Error Exchange::MayHijack(int status, Fields& header) {
  if (Error err = RequestAccess::PrepareHijack(request_, status, header, body_ended_)) return err;
  return LongLived() ? Error() : kRefused.Wrap("Hijack: too many long-lived requests");
}

Result<StreamTransport*> Exchange::Hijack(int status, Fields& header) {
  if (transmitting_) WaitForTurn();
  keep_alive_ = false;
  hijacked_ = true;
  connection_->NoteHijacked();
  behind_ = ahead_.empty() ? in_.View().substr(next_) : ahead_.View();
  if (status != 0) {
    ResponseHead head;  // without framing: what follows is not HTTP
    head.status = status;
    head.fields = &header;
    head.date_line = server_.DateLine();
    HoldHeadBytes(head);
  }
  if (Error err = SendHeld()) return err;
  // Streams are many and live long: they do without the buffers of answers.
  Held().Recycle(0);
  body_buffer_.reset();
  return static_cast<StreamTransport*>(this);
}

Result<std::size_t> Exchange::ReadStream(const Context& ctx, std::span<char> buffer) {
  if (readable_.Waiting()) AbortMisuse("Stream::Read", "another fiber reads already");
  if (behind_.empty()) return Receive(ctx, buffer, "hijacked stream", Duration::max());
  const std::size_t got = std::min(buffer.size(), behind_.size());
  std::memcpy(buffer.data(), behind_.data(), got);
  behind_.remove_prefix(got);
  if (behind_.empty()) ahead_.Recycle(0);
  return got;
}

// One may wait behind the one that writes; there is no queue for more.
void Exchange::WaitForStreamTurn(const char* function) {
  if (!transmitting_) return;
  if (turn_.Waiting()) AbortMisuse(function, "another fiber waits already for one that writes");
  WaitForTurn();
}

Error Exchange::WriteStream(std::string_view data) {
  WaitForStreamTurn("Stream::Write");
  if (stream_closed_) return kClosed;
  iovec part = Part(data);
  const Error err = Transmit(&part, 1);
  LetOthersThrough();
  return err;
}

Error Exchange::CloseStreamWrite() {
  WaitForStreamTurn("Stream::CloseWrite");
  if (failed_ || stream_closed_) return kClosed;
  if (connection_->socket().ShutWrite()) return {};
  return connection_->cut() ? kServerClosing : kClientGone;
}

void Exchange::CloseStream() noexcept {
  static_cast<void>(connection_->socket().ShutWrite());
  WakeStream();
}

// Whoever waits in a read or a write finds out that the stream is closed.
void Exchange::WakeStream() noexcept {
  stream_closed_ = true;
  readable_.Notify();
  writable_.Notify();
}

}  // namespace weft::internal
