// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_MULTIPLEXER_H_
#define WEFT_SERVER_INTERNAL_HTTP2_MULTIPLEXER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <weft/concurrency/fiber_owner.h>
#include <weft/concurrency/loop.h>
#include <weft/http/internal/http2/misbehaviour.h>
#include <weft/http/internal/http2/session.h>
#include <weft/server/internal/http1/connection.h>
#include <weft/server/internal/http1/successor.h>
#include <weft/server/internal/http2/ending.h>
#include <weft/server/internal/http2/loop_part.h>
#include <weft/server/internal/http2/peer_probe.h>
#include <weft/server/internal/http2/streams.h>
#include <weft/server/internal/http2/wire.h>

namespace weft::internal::http2 {

// Drives one client's HTTP/2 connection: passes what arrives to the session, has Streams start and end requests, and
// sends the frames of all of them once in a turn of the loop. It has no fiber.
//
//   events ─► Read ─► Session::Receive ─► Streams::Settle: streams end, others begin
//   fibers ─► Session::Respond, ResumeBody ─► SendSoon ─► (end of the turn) Send: Session::Write, socket
//
// It reads while handlers wait, because resets, windows and pings must be received. It ends, and thereby is destroyed, at
// the end of a call from the loop (Leave), when no stream is left and its task is not posted.
class Multiplexer final : public http1::Successor, private Session::Owner, private Streams::Owner {
 public:
  Multiplexer(http1::Connection& under, LoopPart& part);
  ~Multiplexer() override;

  // http1::Successor
  void Begin(std::string_view first) noexcept override;
  void OnEvents(WatchedSocket::Ready ready) noexcept override;
  void Resume() noexcept override;
  void OnTimeout() noexcept override;
  void Evict() noexcept override;
  void BeginDrain() noexcept override;
  void ForceClose() noexcept override;

 private:
  static constexpr int kReadsInARow = 4;
  static constexpr std::size_t kUnsentMax = 512 * 1024;  // beyond it nothing is read

  struct Task : LoopTask {
    explicit Task(Multiplexer* m) : LoopTask(&Multiplexer::OnTask), multiplexer(m) {}
    Multiplexer* multiplexer;
    bool posted = false;
  };
  struct Look : LoopTimer {
    explicit Look(Multiplexer* m) : LoopTimer(&Multiplexer::OnLook), multiplexer(m) {}
    Multiplexer* multiplexer;
  };
  static void OnTask(LoopTask* task);
  static void OnLook(LoopTimer* timer);

  // Surrounds every call from the loop: a lack of memory ends the connection, and at the end of the outermost call it
  // may end.
  template <class F>
  void Enter(F call) noexcept {
    ++depth_;
    try {
      call();
      streams_.Settle();
      if (streams_.HasHeads()) shard_.Requeue(under_);
      GoOnEnding();
    } catch (const std::bad_alloc&) {
      under_.ReportOutOfMemory(0);
      Lose(CloseReason::kOverload);
    }
    --depth_;
    Leave();
  }
  void Leave() noexcept;
  bool EndsNow();

  void Read();
  void Take(std::string_view bytes);
  bool MayRead();
  void ClientEnded();

  void Send();
  void ArmLook();
  void TakeALook();
  bool Probes() const;
  void Probe();

  // Ending.
  void Lose(CloseReason reason) noexcept;
  void Misbehaves(Nuisance what);
  void FailProtocol();
  void SayWhyAndEnd(CloseReason reason);
  void GoOnEnding();
  bool ServesOn();
  void PlaceByLoad() noexcept;
  static std::string NameOf(const void* self);

  // Streams::Owner
  Session& session() override { return *session_; }
  http1::Client& client() override { return under_; }
  ResponseFields& fields() override { return part_.fields(); }
  std::uint64_t OwnerOfFibers() override { return owner_.Id(); }
  void SendSoon() noexcept override;
  void SendNow() override;
  bool WaitsForOthers(const SessionStream& stream, std::uint64_t written_before) override;
  bool Stalled() const override { return stalled_; }
  void NoteUnread(std::size_t bytes) override;
  void NoteRead(std::size_t bytes) override;
  void NoteHead(Stream& stream) override { streams_.NoteHead(stream); }
  void NoteClosed(Stream& stream) override { streams_.NoteClosed(stream); }
  void NoteSlot(Stream& stream) noexcept override;
  void OnFiberEnded(Stream& stream) noexcept override;
  void BeforeHandler() override;
  Refusal OnRequest(const Stream& stream) override;
  void OnEndedWell() override { budget_.StreamEndedWell(); }
  void OnHeadTimeout() override;
  void OnResponse() override;

  // Session::Owner
  SessionStream* OnStream() override { return &streams_.Add(); }
  void OnSettings() override { settings_came_ = true; }
  void OnPingAnswered() override {
    if (!probe_.TakeAnswer()) ending_.NoteAck();
  }
  void OnNuisance(Nuisance what) override;

  http1::Connection& under_;
  LoopPart& part_;
  Shard& shard_;
  std::unique_ptr<Session> session_;
  Streams streams_;
  Wire wire_;
  Budget budget_;
  Ending ending_;
  PeerProbe probe_;
  std::int64_t taken_when_asked_ = 0;

  enum class List : std::uint8_t { kHeader, kIdle, kBusy, kQuiet };
  List list_ = List::kHeader;
  Nuisance misbehaved_ = Nuisance::kNothing;
  bool settings_came_ = false;
  bool in_task_ = false;
  bool lost_ = false;         // the client is gone, or was closed by force
  bool stalled_ = false;      // it took nothing
  bool over_ = false;         // everything has ended; what is left to send says why
  bool input_ended_ = false;
  bool lingers_ = false;      // a forced end whose client was still sending
  int depth_ = 0;
  std::size_t unread_ = 0;    // bytes of bodies
  std::size_t owed_ = 0;      // of the connection's window
  TimePoint ready_since_ = TimePoint::max();  // frames wait to be sent
  TimePoint look_due_ = TimePoint::max();     // for when look_ is armed
  Task task_{this};
  Look look_{this};
  FiberOwner owner_;  // the last member: others may ask for its name until it is destroyed
};

// Makes them for connections that speak HTTP/2.
class MultiplexerMaker final : public http1::SuccessorMaker {
 public:
  explicit MultiplexerMaker(LoopPart& part) : part_(part) {}
  std::unique_ptr<http1::Successor> Make(http1::Connection& connection) override {
    return std::make_unique<Multiplexer>(connection, part_);
  }

 private:
  LoopPart& part_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_MULTIPLEXER_H_
