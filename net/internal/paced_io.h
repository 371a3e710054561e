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
// when too little moves (Progress). One fiber may read while another one writes. It owns
// neither the socket nor what is sent; the sender keeps the bytes until the call returns.
//
// On the loop's thread only. It is reused for one connection after another.
class PacedIo {
 public:
  // What reads and writes through it.
  class Owner {
   public:
    // Called before a reader parks: the peer may be waiting for what is held back here. SendHeld may suspend.
    virtual bool HoldsOutput() = 0;
    virtual Error SendHeld() = 0;
    // A read or write has found the connection broken. Called once or more.
    virtual void OnPeerGone() noexcept = 0;
    // Too little has moved for a complete period. After a write that stalls, the socket will be reset.
    virtual void OnReadStalled(Duration period) = 0;
    virtual void OnWriteStalled(Duration period) = 0;

   protected:
    ~Owner() = default;
  };

  // While a write waits, the peer must take `progress_min` bytes in each `write_stall`.
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

  // A body begins, and with it a new period.
  void BeginReading() {
    static_cast<void>(socket_->Arrived(0));
    read_progress_.Restart();
  }
  // Up to `buffer` bytes, at least one; 0 at the end of the peer's side. What has arrived takes precedence
  // over a context that is done meanwhile. Errors: the context's, kTimeout when `progress_min` bytes have
  // not arrived within `stall`, kClientGone, kServerClosing, kClosed.
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
  // MSG_MORE. The second one is for a caller that already holds the turn. No context ends it, only a stall does.
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
  // A send has failed, perhaps halfway. If that was the socket's fault, nothing more is sent (Failed).
  void NoteFailure() { failed_ = failed_ || socket_->Broken() || socket_->Forced(); }
  bool Failed() const { return failed_; }
  // Why a socket call failed: the socket is broken from now on.
  Error Broke();

  // It must no longer be used: calls that wait return kClosed, and so do later ones.
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

  // Lets other fibers of the loop have their turn, after a few pieces that did not have to wait.
  void AfterPiece();
  // The caller parks, so others get their turn now.
  void BeforePark() { pieces_ = 0; }
  // Lets others have their turn, and the loop look for events. An error: the connection has ended meanwhile.
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
