// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_PACED_IO_H_
#define WEFT_NET_INTERNAL_PACED_IO_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/result.h>
#include <weft/net/internal/fiber_turn.h>
#include <weft/net/internal/progress.h>
#include <weft/net/internal/watched_socket.h>

namespace weft::internal {

// Reads and writes a watched socket from fibers: parks until it is readable or writable, and ends a wait
// when the peer moves too little (Progress). One fiber may read while another one writes. It owns
// neither the socket nor what is sent; the sender keeps the bytes until the call returns.
//
// On the loop's thread only. Used again for one connection after the other.
class PacedIo {
 public:
  // What reads and writes through it.
  class Owner {
   public:
    // Before a reader parks: the peer may wait for what is held back here. SendHeld may suspend.
    virtual bool HoldsOutput() = 0;
    virtual Error SendHeld() = 0;
    // A read or write has found the connection broken. Called once or more.
    virtual void OnPeerGone() noexcept = 0;
    // The peer has moved too little for a whole period. The socket will be reset after a write that stalls.
    virtual void OnReadStalled(Duration period) = 0;
    virtual void OnWriteStalled(Duration period) = 0;

   protected:
    ~Owner() = default;
  };

  // While a write waits, the peer has to take `progress_min` bytes in each `write_stall`.
  PacedIo(Loop& loop, Duration write_stall, std::uint64_t progress_min, Owner& owner)
      : loop_(loop), write_stall_(write_stall), progress_min_(progress_min), owner_(owner) {}
  PacedIo(const PacedIo&) = delete;
  PacedIo& operator=(const PacedIo&) = delete;

  void Attach(WatchedSocket& socket) {
    socket_ = &socket;
    failed_ = closed_ = writing_closed_ = false;
    write_progress_.Restart();
  }
  WatchedSocket& socket() { return *socket_; }
  const WatchedSocket& socket() const { return *socket_; }
  Loop& loop() { return loop_; }

  // Wakes the fibers that wait for it.
  void Notify(WatchedSocket::Ready ready) {
    if (ready.readable) readable_.Notify();
    if (ready.writable) writable_.Notify();
  }

  // --- reading

  // A body begins: its pace is its own.
  void BeginReading() {
    static_cast<void>(socket_->Arrived(0));
    read_progress_.Restart();
  }
  // Up to `buffer` bytes, at least one; 0 at the end of the peer's side. What has come counts for more
  // than a context that is done meanwhile. Errors: the context's, kTimeout when `progress_min` bytes have
  // not come within `stall`, kClientGone, kServerClosing, kClosed.
  Result<std::size_t> Receive(const Context& ctx, std::span<char> buffer, const char* waits_for, Duration stall);
  bool SomebodyReads() const { return readable_.Waiting(); }

  // --- writing; a sender waits for the turn first, and touches nothing that is being sent before

  FiberTurn& turn() { return turn_; }
  void WaitForTurn() {
    if (turn_.Taken()) [[unlikely]] turn_.Wait("turn to send");
  }
  // Sends as much as the socket takes at once; negative: an error, as send. Never suspends.
  ssize_t SendAtOnce(std::string_view bytes) {
    const ssize_t sent = socket_->Send(bytes);
    if (sent > 0) write_progress_.Moved(static_cast<std::uint64_t>(sent));
    return sent;
  }
  // So much was sent elsewhere.
  void NoteMoved(std::size_t bytes) { write_progress_.Moved(bytes); }
  // Sends all parts, in pieces as the peer takes them; changes `parts`. `flags` as for sendmsg, such as
  // MSG_MORE. The second one is for a caller that holds the turn already. No context ends it, only a stall does.
  Error Send(iovec* parts, std::size_t count);
  Error SendInTurn(iovec* parts, std::size_t count, int flags);
  // Parks until a layer below has nothing left to send. A stall ends it.
  Error WaitUntilSent() {
    if (!socket_->HoldsOutput()) [[likely]] return {};
    return SendWhatIsHeld();
  }
  // One sendfile: what it took; negative: an error, as sendfile, and `errno`.
  ssize_t SendFileAtOnce(int file, std::uint64_t offset, std::size_t size);
  // Parks until there is room to write.
  Error WaitWritable();
  // A send has failed, perhaps half-way. If it was the socket's fault nothing is sent any more (Failed).
  void NoteFailure() { failed_ = failed_ || socket_->Broken() || socket_->Forced(); }
  bool Failed() const { return failed_; }
  // Why a socket call failed: it is broken from here on.
  Error Broke();

  // It must not be used any more: calls that wait return, with kClosed as later ones.
  void Close() noexcept {
    closed_ = true;
    Notify({true, true});
  }
  bool Closed() const { return closed_; }
  // The same for writing alone.
  void CloseWriting() noexcept {
    writing_closed_ = true;
    writable_.Notify();
  }
  bool WritingClosed() const { return writing_closed_ || closed_; }

  // Other fibers of the loop get their turn, after a few pieces that did not wait.
  void AfterPiece();
  // The caller parks, so others get their turn now.
  void BeforePark() { pieces_ = 0; }
  // Others get their turn, and the loop looks for events. An error: the connection has ended meanwhile.
  Error AfterLongTurn();

 private:
  static constexpr int kPiecesInARow = 4;

  bool PeerTakesEnough();
  Error SendWhatIsHeld();
  Error WhyNoMore() const;

  Loop& loop_;
  const Duration write_stall_;
  const std::uint64_t progress_min_;
  Owner& owner_;
  WatchedSocket* socket_ = nullptr;
  bool failed_ = false;
  bool closed_ = false;
  bool writing_closed_ = false;
  std::uint8_t pieces_ = 0;
  LoopSignal readable_;
  LoopSignal writable_;
  FiberTurn turn_;
  Progress read_progress_;
  Progress write_progress_;
  std::int64_t untaken_ = 0;  // what the socket held when the period of write_progress_ began
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_PACED_IO_H_
