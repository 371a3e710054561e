// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_WATCHED_SOCKET_H_
#define WEFT_NET_INTERNAL_WATCHED_SOCKET_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/socket_layer.h>

namespace weft::internal {

// A connected socket that a loop watches, edge-triggered, and what its events have reported so far. It
// knows how events arrive (epoll) and what a short read means; nothing above it does. All bytes of a connection pass through here, so
// that there may be a layer between them and the wire (SocketLayer), which a derived class has.
//
// On the loop's thread only.
class WatchedSocket : public FdWatch {
 public:
  // What an event is about. `writable` comes only after WatchWritable, or when nothing can be written
  // any more: a fiber that waits to write then finds out why.
  struct Ready {
    bool readable;
    bool writable;
  };

  WatchedSocket(Fd fd, bool is_unix) : socket_(std::move(fd)), unix_(is_unix), special_(is_unix) {}

  // For everything but the bytes of the stream: options, resets, the descriptor.
  const Socket& socket() const { return socket_; }
  bool IsUnix() const { return unix_; }

  Error Watch(Loop& loop);
  // Before the descriptor is closed.
  void Unwatch(Loop& loop) { loop.Remove(*this, socket_.Descriptor()); }
  void CloseSocket() { socket_.Close(); }
  // From now on, there are events for room to write, for good: an edge-triggered watch costs nothing while
  // no fiber waits. They also send what a layer holds. A socket for which that fails is broken.
  void WatchWritable(Loop& loop);
  // Takes note of the events that the loop has for it.
  Ready Note(std::uint32_t events);

  // One read. `more`: there may be more to read now. After a short read there is nothing until the next
  // event, except for an end that was announced, and what the kernel keeps apart: what follows urgent
  // data, and what follows a message with descriptors on a unix socket.
  ssize_t Read(char* buffer, std::size_t size, bool& more) {
    if (special_) [[unlikely]] return ReadSpecial(buffer, size, more);
    ssize_t got = 0;
    do {
      got = socket_.Receive(buffer, size);
    } while (got < 0 && errno == EINTR);
    more = got > 0 && (static_cast<std::size_t>(got) == size || urgent_);
    return got;
  }
  // After a read that got something, and after one that found nothing.
  void NoteRead(bool more) { may_have_input_ = more || half_closed_; }
  void NoteDrained() { may_have_input_ = half_closed_; }
  // As NoteRead, for callers that know better than the events.
  void SetMayHaveInput(bool may) { may_have_input_ = may; }
  bool MayHaveInput() const { return may_have_input_; }

  // The other functions that move bytes, as Socket has them.
  ssize_t Send(std::string_view bytes) {
    if (layered_) [[unlikely]] {
      const iovec part = Part(bytes);
      return SendByLayer(&part, 1);
    }
    return socket_.Send(bytes.data(), bytes.size());
  }
  ssize_t SendParts(iovec* parts, std::size_t count, int flags) {
    if (layered_) [[unlikely]] return SendByLayer(parts, count);
    return socket_.SendParts(parts, count, flags);
  }
  // After a send that took a part: a layer takes only so much in one call, and then no event follows for the rest.
  bool TakesMore() { return layered_ && Layer().Held() == 0; }
  ssize_t SendFile(int file, std::uint64_t offset, std::size_t size) {
    if (layered_) [[unlikely]] return Layer().SendFile(socket_, file, offset, size);
    return socket_.SendFile(file, offset, size);
  }
  // What the peer has not acknowledged, and what the layer holds.
  std::int64_t UntakenBytes();
  // False: the connection is gone.
  bool ShutWrite();
  bool HasInput() { return (layered_ && Layer().HasPending()) || socket_.HasInput(); }
  // Whether a layer holds what the socket has not taken.
  bool HoldsOutput() { return layered_ && Layer().Held() > 0; }
  // How many bytes have arrived over the wire for a read with this result. For a layer: since the last call, including those
  // of which nothing can be used yet.
  std::uint64_t Arrived(ssize_t got) {
    if (layered_) [[unlikely]] return Layer().TakeArrived();
    return got > 0 ? static_cast<std::uint64_t>(got) : 0;
  }
  // Whether a layer has a part of something whose rest has not arrived.
  bool InMessage() { return layered_ && Layer().InMessage(); }
  // Reads bytes off the wire and discards them, so no layer has to understand them; otherwise as Socket::Receive.
  ssize_t Discard(char* buffer, std::size_t size) const { return socket_.Receive(buffer, size); }

  // Whether there is a layer; and: from now on there is one, and bytes that arrive belong to it.
  bool Layered() const { return layered_; }
  // Whether a single recv cannot tell what is there.
  bool Special() const { return special_; }
  void BeginLayer() { layered_ = special_ = true; }

  // The peer has closed its sending side.
  bool HalfClosed() const { return half_closed_; }
  // It was reset, or is closed both ways: nothing can be sent any more.
  bool Broken() const { return broken_; }
  void SetBroken() { broken_ = true; }
  // We have ended it by force.
  bool Forced() const { return forced_; }
  void SetForced() { forced_ = true; }
  // From now on a regular end of both sides does not make it broken: its user sees both ends itself.
  void ExpectBothEnds() { both_ends_expected_ = true; }
  // Neither half-closed, nor broken, nor closed by force: one test, since they are bits of a byte.
  bool Undisturbed() const { return !(half_closed_ | broken_ | forced_); }
  // It will end with a reset, whatever the kernel still holds for the peer.
  void ResetAtEnd() {
    broken_ = true;
    socket_.ResetAtClose();
  }

 protected:
  // What BeginLayer has announced. Never called before.
  virtual SocketLayer& Layer();
  // The layer holds what the socket has not taken, so room to write must be watched.
  virtual void OnHeld() {}
  // Nothing passes through the layer any more: the socket has failed, or the layer has given up on the peer.
  virtual void OnLayerFailed() {}

 private:
  ssize_t ReadSpecial(char* buffer, std::size_t size, bool& more);
  ssize_t ReadUnix(char* buffer, std::size_t size, bool& more);
  ssize_t SendByLayer(const iovec* parts, std::size_t count);
  void NoteHeld() {
    if (!writable_watched_ && Layer().Held() > 0) OnHeld();
  }

  Socket socket_;
  // Bits, because an idle connection has hardly anything else.
  bool may_have_input_ : 1 = false;  // bytes, or an end
  bool half_closed_ : 1 = false;
  bool broken_ : 1 = false;
  bool forced_ : 1 = false;
  bool both_ends_expected_ : 1 = false;
  bool writable_watched_ : 1 = false;
  bool urgent_ : 1 = false;  // there was urgent data: reads end early
  bool unix_ : 1;
  bool layered_ : 1 = false;
  bool special_ : 1;  // unix_ or layered_: reads are not just a recv
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_WATCHED_SOCKET_H_
