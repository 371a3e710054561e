// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_STREAM_H_
#define WEFT_SERVER_INTERNAL_HTTP2_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/fiber_job.h>
#include <weft/http/internal/http2/request_fields.h>
#include <weft/http/internal/http2/session.h>
#include <weft/server/internal/http2/request_body.h>
#include <weft/server/internal/http2/stream_response.h>
#include <weft/server/internal/http2/stream_host.h>
#include <weft/server/internal/http2/tunnel.h>
#include <weft/server/internal/request/request_run.h>
#include <weft/server/internal/shard/shard.h>
#include <weft/server/internal/shard/shard_member.h>

namespace weft::internal::http2 {

// One request of an HTTP/2 connection: a stream and, once its head is complete, the fiber that serves it. The
// connection makes it when its head begins, starts it, and releases it when both the session has closed the stream and
// the fiber has ended, in any order. It is reused.
//
// As a ShardMember it is in the queue for a slot, and in no other list; the shard does not own it.
class Stream final : public SessionStream,
                     public FiberJob,
                     public ShardMember,
                     private RequestBody::Owner,
                     private StreamResponse::Owner,
                     private RequestRun::Owner {
 public:
  enum class State : std::uint8_t {
    kHead,     // its head is not complete
    kWaiting,  // for other streams of its connection to end
    kQueued,   // for a slot
    kServed,   // its fiber runs
    kEnding,   // its response is on its way, or the rest of the request's body
  };

  explicit Stream(Shard& shard);

  // For a new request, before its head.
  void Begin(StreamHost& host);
  State state() const { return state_; }
  void SetState(State state) { state_ = state; }

  // When its head is complete: why it is rejected, if it is.
  Refusal CheckHead();
  bool MethodIsHead() const { return head_.IsHead(); }
  // The host that the request is for; empty: it is for another server (CONNECT).
  std::string_view Host() const { return head_.IsConnect() ? std::string_view() : head_.Host(); }
  // Responds instead of a handler.
  void Refuse(const Refusal& refusal, int retry_after = 0);
  // Starts its fiber, which may run to its end before this returns. Its time counts from its head. False: there was no memory for it.
  bool Start();

  // A slot among the requests in flight.
  bool AcquireSlot() { return has_slot_ = shard_.slots().Acquire(); }
  void PutIntoQueue();
  void LeaveQueue();
  void ReleaseSlot();
  bool HasSlot() const { return has_slot_; }

  // The client has reset it, or is gone. Not within a call of the session.
  void NoteGone() noexcept;
  // It is closed: by the session, or because its connection is over.
  bool Closed() const { return closed_; }
  void CloseBothSides() noexcept;
  // What has arrived of its body will not be read.
  void DropUnread() noexcept;
  bool HeadComplete() const { return head_complete_; }
  bool EndedWell() const { return ended_well_; }
  // The rest of its body is not read, but discarded, up to a bound.
  void DiscardBody();
  bool BodyEnded() const { return body_.Ended(); }
  bool ResponseFramed() const { return framer_.Framed(); }
  std::uint64_t BytesTaken() const { return framer_.Taken(); }
  // By force, at the end of a drain: a 503 if nothing of a response was sent; else it is broken off.
  void FinishByForce();
  const LiveRequest& request() const { return run_; }
  void Recycle();

  std::size_t index = 0;                       // in its connection's list
  TimePoint ends_by = TimePoint::max();        // in kEnding: when it is reset
  bool lingers = false;                        // and is so for the rest of its request's body
  std::uint64_t taken_before = 0;              // what the client had taken when that was set
  std::uint64_t written_before = 0;            // and what of all bodies of the connection was written

  // SessionStream
  bool OnField(std::string_view name, std::string_view value) override;
  void OnHead() override {
    head_complete_ = true;  // what comes after it is a trailer section
    host_->NoteHead(*this);
  }
  void OnData(std::string_view bytes) override;
  void OnEnd() override { body_.NoteEnd(); }
  void OnClosed(ErrorCode code, bool by_peer) override;
  Piece NextBody(std::size_t most) override { return framer_.NextBody(most); }
  void TakeBody(std::size_t size, FrameBuffer& out) override { framer_.TakeBody(size, out); }
  std::span<const Fields::Field> TrailerFields() override { return framer_.TrailerFields(); }

  // FiberJob
  void Run() override;
  void Ended() noexcept override;

  // ShardMember
  void OnTimeout() noexcept override;
  void TakeSlot() noexcept override;
  void RejectQueued() noexcept override;
  void ForceClose() noexcept override { RejectQueued(); }
  TimePoint WaitsSince() const override { return head_at_; }
  bool Resume() noexcept override { return true; }
  void Evict() noexcept override {}
  bool HasGrace() const override { return false; }
  void CloseUnlessSpoken() noexcept override {}
  bool ExchangeRequeued(bool) noexcept override { return true; }

 private:
  static constexpr std::uint64_t kDiscardMax = 64 * 1024 * 1024;  // as for an HTTP/1.1 connection that ends

  void Respond();
  void Lose() noexcept;
  void FillRequest(RequestHead& request);

  // RequestBody::Owner, StreamResponse::Owner
  Error SendContinue() override;
  void OnFirstRead() override;
  void OnRead(std::size_t bytes) override;
  void OnReadStalled() override;
  void OnBadTrailer(int status, std::string_view reason) override;
  Error MayHijack(int status, Fields& header) override;
  Result<StreamTransport*> Hijack(int status, Fields& header) override;
  void OnWriteStalled() override;
  void OnContinueSent() override { body_.NoteContinueSent(); }
  Error WhyClosed() const override;
  // RequestRun::Owner
  std::string PeerName() const override { return host_->client().PeerName(); }
  const TlsInfo* Tls() const override { return host_->client().Tls(); }
  void OnLongLived() override;

  Shard& shard_;
  StreamHost* host_ = nullptr;
  State state_ = State::kHead;
  bool has_slot_ = false;
  bool head_complete_ = false;
  bool closed_ = false;
  bool ended_well_ = false;
  bool discards_ = false;
  std::uint64_t discarded_ = 0;
  TimePoint head_at_;
  RequestFields head_;
  std::uint64_t trailer_bytes_ = 0;
  RequestRun run_;
  RequestBody body_;
  StreamResponse framer_;
  Tunnel tunnel_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_STREAM_H_
