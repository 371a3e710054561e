// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/watched_socket.h>

#include <sys/epoll.h>

namespace weft::internal {
namespace {

constexpr std::uint32_t kWatched = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;

}  // namespace

Error WatchedSocket::Watch(Loop& loop) { return loop.Add(*this, socket_.Descriptor(), kWatched); }

void WatchedSocket::WatchWritable(Loop& loop) {
  if (writable_watched_) return;
  writable_watched_ = !loop.Modify(*this, socket_.Descriptor(), kWatched | EPOLLOUT);
  if (!writable_watched_) broken_ = true;
}

WatchedSocket::Ready WatchedSocket::Note(std::uint32_t events) {
  if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && !both_ends_expected_)) broken_ = true;
  if ((events & EPOLLRDHUP) != 0) half_closed_ = true;
  if ((events & EPOLLPRI) != 0) urgent_ = true;
  if (layered_ && (events & EPOLLOUT) != 0 && !Layer().Flush(socket_)) broken_ = true;
  const bool readable = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (readable) may_have_input_ = true;
  return {readable, (events & (EPOLLOUT | EPOLLHUP)) != 0 || broken_};
}

SocketLayer& WatchedSocket::Layer() { AbortMisuse("WatchedSocket", "there is no layer"); }

std::int64_t WatchedSocket::UntakenBytes() {
  return socket_.UntakenBytes() + (layered_ ? static_cast<std::int64_t>(Layer().Held()) : 0);
}

ssize_t WatchedSocket::SendByLayer(const iovec* parts, std::size_t count) {
  const ssize_t sent = Layer().Send(socket_, parts, count);
  const int failure = errno;
  NoteHeld();
  if (sent < 0 && !WouldWait(failure)) OnLayerFailed();
  errno = failure;
  return sent;
}

bool WatchedSocket::ShutWrite() {
  if (!layered_) return socket_.ShutWrite();
  const bool shut = Layer().ShutWrite(socket_);
  NoteHeld();
  return shut;
}

ssize_t WatchedSocket::ReadSpecial(char* buffer, std::size_t size, bool& more) {
  if (!layered_) return ReadUnix(buffer, size, more);
  const ssize_t got = Layer().Read(socket_, buffer, size, more);
  const int failure = errno;
  NoteHeld();
  if (got < 0 && !WouldWait(failure)) OnLayerFailed();
  errno = failure;
  if (got > 0 && urgent_) more = true;  // a recv ends before urgent data
  // The peer can say that it has finished without closing its side of the socket.
  if (got == 0) half_closed_ = true;
  return got;
}

ssize_t WatchedSocket::ReadUnix(char* buffer, std::size_t size, bool& more) {
  ssize_t got = 0;
  bool cut = false;
  do {
    got = socket_.ReceiveUnix(buffer, size, cut);
  } while (got < 0 && errno == EINTR);
  more = got > 0 && (static_cast<std::size_t>(got) == size || cut || urgent_);
  return got;
}

}  // namespace weft::internal
