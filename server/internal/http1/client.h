// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_CLIENT_H_
#define WEFT_SERVER_INTERNAL_HTTP1_CLIENT_H_

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/http/internal/http1/request_head.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/peer.h>
#include <weft/net/internal/watched_socket.h>
#include <weft/net/tls_info.h>
#include <weft/server/internal/shard/shard_member.h>
#include <weft/server/internal/shard/shard.h>
#include <weft/server/observer.h>

namespace weft::internal::http1 {

// One client's connection as the classes that work for it see it (Session, Batch): its socket, what state it is in, its slot
// among the requests in flight, and why it ends. Connection is what drives it.
//
//             ┌──────────────◄─────────────┐
//   kFresh ───┼──► kHead ───┬──► kQueued ──┼──► kBusy ──► kAborting ──► kClosed
//   kIdle  ───┘             └──────►───────┘      │
//     ▲                                           │
//     └───────────────────────◄───────────────────┘
//   kFresh, kIdle ──► kQueued or kBusy at once, when a head comes in one piece: the usual case
//   kFresh ──► kHandshake ──► kFresh, where the server speaks TLS
//   kFresh, kHead ──► kHttp2, where HTTP/2 is what the client speaks (Successor)
//   kHead ──► kFresh or kIdle, when what came was an empty line in two pieces
//   any but kAborting ──► kClosing ──► kClosed;   any ──► kClosed
//
// All of it is on the loop's thread.
class Client : public ShardMember, public WatchedSocket {
 public:
  enum class State : std::uint8_t {
    kHandshake,  // of TLS; then it is as if it had just been accepted
    kFresh,      // accepted, has not spoken; a proxy has not yet spoken for its client
    kIdle,       // between two requests
    kHead,       // a part of a head is here
    kQueued,     // a complete head is here and waits for a slot
    kBusy,       // a session has it
    kHttp2,      // a Successor has it
    kClosing,    // our side is shut down; waits for the client's FIN, and throws away what comes before it
    kAborting,   // its response was broken off: reset as soon as the client has acknowledged all of it
    kClosed,
  };

  State state() const { return state_; }
  Shard& shard() const { return shard_; }
  std::string PeerName() const { return peer_.Format(); }

  // Notes why it will be closed; the first reason counts.
  void SetCloseReason(CloseReason reason) {
    if (reason_ == kNoReason) reason_ = static_cast<std::uint8_t>(reason) & kNoReason;
  }
  TimePoint WaitsSince() const final { return since_; }
  // Counts a request. False: it is the last that is allowed.
  bool CountRequest() { return ++requests_ < shard_.options().requests_per_connection_max || LimitReached(); }
  // Takes a slot for a request that is here already, if there is none yet.
  void EnsureSlot() {
    if (has_slot_) return;
    has_slot_ = true;
    shard_.slots().AcquireAnyway();
  }
  void ReleaseSlot() {
    if (!has_slot_) return;
    has_slot_ = false;
    shard_.slots().Release();
  }
  // Whether responses may be sent when its session is gone: nothing is known to come that could end it before.
  bool MayRespondLater() const { return !MayHaveInput() && Undisturbed(); }
  // A request may wait for a client that is gone without a word: the kernel asks from time to time.
  void Probe();
  // Reports that it makes room for another one, unless it was about to end anyway.
  void ReportEvicted(bool idle);
  // Reports that there was no memory; with status 0 the client has got no response.
  void ReportOutOfMemory(int status) noexcept;

  // What was agreed on in its handshake; null: it is no TLS.
  virtual const TlsInfo* Tls();

  // Whether a request for this host, which has no port, belongs on this connection: not if its certificate is for others.
  virtual bool ServesHost(std::string_view) { return true; }

  // For Lingering: until when the client's end is waited for, and where the present period of its progress begins.
  TimePoint LingerEnd() const;
  void BeginPeriod() { since_ = shard_.now(); }

  // For the batch: serves what it has read; `more` of it may be there.
  virtual void Serve(std::string_view bytes, bool more) noexcept = 0;
  // For the batch: has a session send what the socket did not take of earlier responses.
  virtual void SendRest(std::string_view responses) noexcept = 0;
  // Its session has ended, and is used again after this. `leftover` is what came after its last request;
  // `head` knows how far that was parsed. Views into the session's memory.
  struct SessionOutcome {
    bool keep_alive = false;
    bool aborted = false;        // a response was broken off
    bool client_failed = false;  // and the client caused it
    bool finished = false;       // by force, but all that was begun is out
    std::string_view leftover;
  };
  virtual void SessionEnded(const SessionOutcome& outcome, Head& head) noexcept = 0;

 protected:
  Client(Shard& shard, Fd fd, const Peer& peer)
      : WatchedSocket(std::move(fd), peer.Family() == AF_UNIX), shard_(shard), peer_(peer), since_(shard.now()) {}

  // Goes to the next state, which the present one has to allow: moves to its list, and starts its time. Inline for
  // the two states that every request passes through.
  [[gnu::always_inline]] void Become(State to) {
    const State before = LeaveFor(to);
    if (to == State::kBusy) {
      shard_.PlaceBusy(*this);
    } else if (to == State::kIdle) {
      since_ = shard_.now();
      shard_.PlaceIdle(*this);
    } else {
      Enter(to, before);
    }
  }
  // No session has it, and nothing but the next request is waited for.
  bool Quiet() const { return state_ == State::kFresh || state_ == State::kIdle; }
  // What comes is the head of a request.
  bool Reading() const { return state_ == State::kFresh || state_ == State::kIdle || state_ == State::kHead; }
  // Sends a response of the server's own, as well as the socket takes it: the send buffer of a connection that
  // waits for a request is empty, so these few bytes fit.
  void SendRefusal(int status, std::string_view reason, int retry_after, bool method_is_head);
  // In a drain: how long it may wait for a request.
  TimePoint GraceEnd() const;
  bool HasGrace() const final { return (Quiet() || state_ == State::kHandshake) && shard_.now() < GraceEnd(); }

  bool ExchangeRequeued(bool requeued) noexcept final {
    const bool was = requeued_;
    requeued_ = requeued;
    return was;
  }

  static constexpr std::uint8_t kNoReason = 15;

 private:
  State LeaveFor(State to) {
    const State before = state_;
    assert(MayFollow(before, to));
    state_ = to;
    if (before == State::kQueued && to != State::kBusy && !has_slot_) shard_.slots().NoteLeftQueue();
    return before;
  }
  void Enter(State to, State before);
  static bool MayFollow(State before, State to);
  bool LimitReached();

 protected:
  // The small members first: they fit what WatchedSocket leaves free, and an idle connection is no more
  // than this object.
  std::uint8_t reason_ : 4 = kNoReason;  // a CloseReason
  State state_ : 4 = State::kFresh;
  std::uint8_t empty_lines_ : 3 = 0;  // that came before the next request, and were thrown away
  bool has_slot_ : 1 = false;
  bool requeued_ : 1 = false;
  bool driving_ : 1 = false;  // bytes of it are being read or served further down the stack
  Shard& shard_;
  Peer peer_;
  std::uint32_t requests_ = 0;
  TimePoint since_;  // accepted, idle since, in a later head since, in the queue since, ending since
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_CLIENT_H_
