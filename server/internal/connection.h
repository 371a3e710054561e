// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_CONNECTION_H_
#define WEFT_SERVER_INTERNAL_CONNECTION_H_

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/loop.h>
#include <weft/http/internal/http1/head_parser.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/peer.h>
#include <weft/net/internal/socket.h>
#include <weft/server/internal/timeout_list.h>
#include <weft/server/observer.h>

namespace weft::internal {

class Exchange;
class LoopServer;

// A head that has not come whole yet. Only a connection that is in the middle of one has it, or of its PROXY header.
struct PartialHead {
  Head head;  // where the parser stopped
  std::vector<char> bytes;
  std::size_t head_size = 0;  // once it is whole but has to wait for a place
};

// One client's connection: a descriptor, and what state it is in. It has neither a fiber nor a buffer while it is idle: bytes are
// read into a buffer of the loop, and as soon as a head is whole an Exchange takes over, until it gives the connection back.
//
//   kFresh ──► kHead ──► kBusy ──► kIdle ──► kHead or kBusy ...
//              kHead ──► kQueued ──► kBusy, when as many requests as allowed are in handlers
//              kIdle ──► kBusy, when the socket did not take its last answer (Batch)
//              kBusy ──► kAborting (its response was broken off, the client may still be taking what was sent of it) ──► kClosed
//      any ──► kClosing (our side is shut down, the client may still be sending) ──► kClosed
//
// All members run on the loop's thread; those for the exchange in its fiber, the rest on the loop's own stack. The descriptor is
// closed only when no exchange has the connection.
class Connection final : public FdWatch {
 public:
  enum class State : std::uint8_t {
    kFresh,    // accepted, has not spoken; a proxy has not yet spoken for its client
    kIdle,     // between two requests
    kHead,     // a part of a head is here
    kQueued,   // a whole head is here and waits for a place
    kBusy,     // an exchange has it
    kClosing,  // waits for the client's FIN, and throws away what comes before it
    kAborting,  // will be reset, as soon as the client has acknowledged all that was sent
    kClosed,
  };

  Connection(LoopServer& server, Fd fd, const Peer& peer, TimePoint now);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to watch the descriptor. On failure the connection is gone.
  void Open();

  // Calls something of the connection on the loop's own stack. If there is no memory for it this connection is lost, and nothing else.
  template <class F>
  void Guard(F call) noexcept {
    try {
      call(*this);
    } catch (const std::bad_alloc&) {
      driving_ = false;
      Lose();
      Settle();
    }
  }

  State state() const { return state_; }
  std::string PeerName() const { return peer_.Format(); }
  LoopServer& server() { return server_; }
  Exchange* exchange() { return state_ == State::kBusy ? exchange_ : nullptr; }

  // The time of the list it is in is up.
  void OnTimeout();
  // The drain has begun, or a grace is over: closes a connection that waits for a request and has no grace left, after one more
  // read.
  void CloseUnlessSpoken();
  bool HasGrace() const;  // in a drain: it waits for a request, and may yet for a while
  // The drain's hard end. A request that has had nothing of its response yet is answered 503; a response that is not out whole ends with a
  // reset. Whoever uses the connection finds out.
  void CutOff();
  // Closes a connection that no request has, to free its descriptor, unless it has just spoken.
  void Evict();
  TimePoint since() const { return since_; }
  // For the batch: serves what it has read; `more` of it may be there.
  void Serve(std::string_view bytes, bool more);
  // For the batch: has an exchange send what the socket did not take.
  void SendRest(std::string_view answers);
  // Goes on after the others of the loop had their turn.
  void Resume();
  bool Requeued() const { return requeued_; }
  // Notes that Resume will be called; true if it was noted already.
  bool NoteRequeued() {
    const bool noted = requeued_;
    requeued_ = true;
    return noted;
  }
  // A queued request is given the place of one that has ended; Resume follows.
  void TakeOverPlace() { has_place_ = true; }
  // Gives the request's place among those in flight back, if it has one.
  void GivePlaceBack();
  // Counts a request that begins behind a long-lived one, whether there is room or not: it is here already.
  void EnsurePlace();
  // Tells that there was no memory; with status 0 the client has not been told.
  void TellOutOfMemory(int status) noexcept;
  // Answers a queued request with 503.
  void Overloaded() { Overloaded(partial_->head.is_head); }

  // For the exchange. `leftover` is what came behind its last request; `head` knows how far that was parsed.
  const Socket& socket() const { return socket_; }
  // Whether answers may be sent when its exchange is gone: nothing is known to come that could end it before.
  bool MayAnswerLater() const { return !more_ && !fin_ && !broken_ && !cut_; }
  bool fin() const { return fin_; }
  bool broken() const { return broken_; }
  bool cut() const { return cut_; }
  void SetBroken() { broken_ = true; }
  // One read of the socket. `more`: there may be more behind it. After a short read there is nothing until the next event, but for the end
  // that was announced, and what the kernel keeps apart: behind urgent data, and behind a message with descriptors on a unix socket.
  ssize_t ReadSome(char* buffer, std::size_t size, bool& more) {
    if (unix_) return ReadSomeOfUnix(buffer, size, more);
    ssize_t got = 0;
    do {
      got = socket_.Receive(buffer, size);
    } while (got < 0 && errno == EINTR);
    more = got > 0 && (static_cast<std::size_t>(got) == size || urgent_);
    return got;
  }
  // Its handler has taken it over: an end in good order, of both sides, is none of its failures any more.
  void NoteHijacked() { hijacked_ = true; }
  // It will end with a reset, whatever the kernel still holds for the client.
  void ResetAtEnd();
  // A long-lived request has it, which may wait for a client that is gone without a word: the kernel asks from time to time.
  void ProbeClient();
  void NoteRead(bool more) { more_ = more || fin_; }
  void NoteDrained() { more_ = fin_; }
  void WatchWritable();
  bool CountRequest();  // false: this one is the last that is allowed
  // Notes why the connection will be closed; the first reason counts.
  void Because(CloseReason reason) {
    if (reason_ == kNoReason) reason_ = static_cast<std::uint8_t>(reason);
  }
  void ExchangeEnded(Exchange& exchange, bool keep_alive, std::string_view leftover, Head& head) noexcept;

  // In the loop's list that fits the state, and in none once closed.
  struct Link : TimeoutLink {
    Connection* connection;
  };

 private:
  static constexpr std::uint8_t kNoReason = 255;
  // Requests that are read in one go before other connections of the loop get their turn.
  static constexpr int kReadsInARow = 16;
  static void OnEvents(FdWatch* watch, std::uint32_t events);
  ssize_t ReadSomeOfUnix(char* buffer, std::size_t size, bool& more);
  void TakeEvents(std::uint32_t events);
  void Drive();
  void ReadOnce();
  void TakeFirstBytes(std::string_view bytes);
  void TakeProxyHeader();
  void TakeBytes(std::string_view bytes, Head& head);
  void KeepPartial(std::string_view bytes, Head& head);
  void Queue(std::string_view bytes, std::size_t head_size, Head& head);
  void LeaveQueue();
  bool Reading() const { return state_ != State::kBusy && state_ != State::kQueued && state_ < State::kClosing; }
  void GiveUp(Exchange* exchange);
  void Release(Exchange& exchange, bool keep_alive, std::string_view leftover, Head& head);
  void Lose() noexcept;
  void StartExchange(std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at);
  void Overloaded(bool head_only);
  void Answer(int status, std::string_view reason, int retry_after = 0, bool head_only = false);
  void Refuse(int status, std::string_view reason, bool head_only = false);
  bool Quiet() const { return state_ == State::kFresh || state_ == State::kIdle; }
  bool MayBeBatched() const;
  TimePoint GraceEnd() const;
  TimePoint LingerEnd() const;
  void Settle();
  bool LookOnceMore();
  void CloseGently();
  void CloseQuiet();
  void CloseAfterCut();
  void ReadToEnd();
  void AbortGently();
  void LookWhetherTaken();
  void Close();
  void BecomeIdle();
  void BecomeQuiet();

  LoopServer& server_;
  Link link_;
  union {
    Exchange* exchange_ = nullptr;  // kBusy
    std::uint64_t discarded_;       // kClosing: bytes that came
    std::int64_t untaken_;          // kAborting: bytes that the client had not acknowledged at `since_`
  };
  std::unique_ptr<PartialHead> partial_;
  TimePoint since_;  // accepted, idle since, in a later head since, in the queue since, closing since
  Socket socket_;
  std::uint32_t requests_ = 0;
  Peer peer_;
  // Bits, because an idle connection is no more than this object.
  State state_ : 3 = State::kFresh;
  std::uint8_t empty_lines_ : 3 = 0;  // that came before the next request, and were thrown away
  bool more_ : 1 = false;      // there may be bytes or an end to read
  bool fin_ : 1 = false;       // the client has closed its sending side
  bool broken_ : 1 = false;    // reset, or closed in both directions
  bool hijacked_ : 1 = false;  // its handler has taken it over
  bool cut_ : 1 = false;       // shut down by the drain
  bool writable_watched_ : 1 = false;
  bool driving_ : 1 = false;   // Drive is on the stack
  bool has_place_ : 1 = false;  // counted among the requests in flight
  bool awaits_proxy_ : 1 = false;  // partial_ has what has come of its PROXY header
  bool requeued_ : 1 = false;
  bool unix_ : 1 = false;      // its socket is a unix socket
  bool urgent_ : 1 = false;    // there was urgent data: reads end early
  std::uint8_t reason_ = kNoReason;  // a CloseReason
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_CONNECTION_H_
