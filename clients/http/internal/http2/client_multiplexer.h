// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_MULTIPLEXER_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_MULTIPLEXER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <weft/clients/http/internal/http2/client_stream.h>
#include <weft/clients/http/internal/socket_wire.h>
#include <weft/clients/http/options.h>
#include <weft/concurrency/loop.h>
#include <weft/http/internal/http2/frame_buffer.h>
#include <weft/http/internal/http2/misbehaviour.h>
#include <weft/http/internal/http2/session.h>

namespace weft::internal {
struct OriginPool;
struct SharedAttempt;
}

namespace weft::internal::http2 {

// One HTTP/2 connection to a server, which the requests of all fibers of a loop share. It has no fiber: what arrives is read on the
// loop's stack and passed to the streams, even while none of them waits, so that pings get their reply and the end is noticed. Output
// is sent at once, as far as the socket takes it, and the rest by events.
//
// It owns no stream. The owner of a stream on it calls Leave.
class ClientMultiplexer final : public ClientStreamHost, private Session::Owner, private SocketWire::Listener {
 public:
  // The owner of the connection. It may destroy it in these calls, except in the first two.
  class Home {
   public:
    virtual void OnSettled(ClientMultiplexer& connection) noexcept = 0;  // TakesMore knows now; or it has ended before
    virtual void OnRoom(ClientMultiplexer& connection) noexcept = 0;     // it may take one more; or it takes none any more, and others may
    virtual void OnUnused(ClientMultiplexer& connection) noexcept = 0;   // its last stream has left
    virtual void OnEnd(ClientMultiplexer& connection) noexcept = 0;      // not in use, and never again

   protected:
    ~Home() = default;
  };

  ClientMultiplexer(std::unique_ptr<SocketWire> wire, const HttpClientOptions& options, const ClientWire::Pace& pace, OriginPool& pool, Home& home,
                    Loop& loop);
  ~ClientMultiplexer();

  // The first frames. False: no memory.
  bool Begin();

  OriginPool& pool() { return pool_; }
  // Whether there is room for one more stream at once. Until the server has announced its limit, there is room only for the first one: the
  // server would reject what exceeds the limit, which is not known yet.
  bool TakesMore() const { return !failed_ && settled_ && session_->TakesRequests() && streams_.size() < session_->PeerStreamsMax(); }
  // So many it takes at once.
  std::size_t StreamsMax() const { return session_->PeerStreamsMax(); }
  // Of its streams, those whose end cannot be foreseen.
  std::size_t Endless() const;
  bool Settled() const { return settled_; }
  bool Unused() const { return streams_.empty(); }
  // No new request can be sent on it.
  bool Ended() const { return failed_ || !session_->TakesRequests(); }

  // ClientStreamHost
  void Add(ClientStream& stream) override { streams_.push_back(&stream); }
  void Remove(ClientStream& stream) noexcept override;
  bool Open(ClientStream& stream, std::span<const Fields::Field> fields, bool body) override;
  void Resume(ClientStream& stream) override;
  void StopBody(ClientStream& stream) noexcept override;
  void GiveBack(ClientStream& stream, std::size_t size) noexcept override;
  void CountReceived(std::size_t size) noexcept override { received_ += size; }
  // Must not end within a call of Home that destroys it.
  void ReadNow() noexcept override;
  LoopSignal::Outcome WaitFor(LoopSignal& signal, const Context& ctx, const char* what, TimePoint until) override {
    return wire_->WaitFor(signal, ctx, what, until);
  }
  bool Gathers() const override { return flush_.Armed(); }
  SocketWire& wire() override { return *wire_; }
  const ClientWire::Pace& pace() const override { return pace_; }
  std::uint64_t sent() const override { return sent_; }

  // Says goodbye.
  void Close() noexcept;

  TimePoint unused_since{};
  bool counts_as_idle = false;
  std::shared_ptr<SharedAttempt> attempt;  // of which it is the result, until OnSettled

 private:
  static constexpr std::size_t kGather = 48 * 1024;
  static constexpr int kPiecesInARow = 16;

  struct Timer : LoopTimer {
    Timer(ClientMultiplexer& owner, void (ClientMultiplexer::*call)() noexcept)
        : LoopTimer([](LoopTimer* self) { (static_cast<Timer*>(self)->of.*static_cast<Timer*>(self)->act)(); }), of(owner), act(call) {}
    ClientMultiplexer& of;
    void (ClientMultiplexer::*act)() noexcept;
  };

  // SocketWire::Listener
  void OnReadable() noexcept override;
  void OnWritable() noexcept override;
  // Session::Owner
  SessionStream* OnStream() override { return nullptr; }
  void OnSettings() override;
  void OnPingAnswered() override {}
  void OnNuisance(Nuisance what) override;

  void Settle() noexcept;
  bool Take(std::span<const char> bytes);
  void RefuseUnsent() noexcept;
  void Flush() noexcept;
  void SendFrames();
  void Probe() noexcept;
  void ArmProbe() noexcept;
  void Fail(ClientFailure::Kind kind, const char* detail) noexcept;
  void EndIfUseless() noexcept;

  const HttpClientOptions& options_;
  const ClientWire::Pace& pace_;
  OriginPool& pool_;
  Home& home_;
  Loop& loop_;
  std::unique_ptr<SocketWire> wire_;
  std::unique_ptr<Session> session_;
  FrameBuffer out_;
  std::vector<ClientStream*> streams_;
  Budget budget_;
  Timer flush_{*this, &ClientMultiplexer::OnWritable};  // at the end of the turn, unless it was done before
  Timer more_{*this, &ClientMultiplexer::OnReadable};  // others of the loop have their turn first
  Timer probe_{*this, &ClientMultiplexer::Probe};
  TimePoint heard_{};
  std::size_t received_ = 0;  // of bodies, to be given back to the window of the connection
  std::uint64_t sent_ = 0;
  bool asked_ = false;        // by a PING, and nothing has come since
  bool settled_ = false;      // the server's SETTINGS have come
  bool flooded_ = false;
  bool send_failed_ = false;
  bool failed_ = false;
};

}  // namespace weft::internal::http2

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_MULTIPLEXER_H_
