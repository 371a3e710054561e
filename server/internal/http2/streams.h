// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_STREAMS_H_
#define WEFT_SERVER_INTERNAL_HTTP2_STREAMS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/http/internal/http2/session.h>
#include <weft/server/internal/http1/client.h>
#include <weft/server/internal/http2/loop_part.h>
#include <weft/server/internal/http2/stream.h>

namespace weft::internal::http2 {

// The streams of one connection: starts those whose heads are complete, each in a fiber of its own, keeps those waiting
// for which there is no room yet, and releases those that are over. What the session reports is noted while it runs
// (NoteHead, NoteClosed), and handled by Settle.
//
// A stream that the client has reset counts until its handler has ended: by resets, a client cannot get more work done
// than it may ask for.
class Streams {
 public:
  class Owner : public StreamHost {
   public:
    // Called before a handler runs, which may take long.
    virtual void BeforeHandler() = 0;
    // A request has arrived and will be served; or why it will not.
    virtual Refusal OnRequest(const Stream& stream) = 0;
    // A stream has ended regularly.
    virtual void OnEndedWell() = 0;
    // A head has begun, but its rest has not arrived in time.
    virtual void OnHeadTimeout() = 0;
    // Its response is complete, or was broken off.
    virtual void OnResponse() = 0;

   protected:
    ~Owner() = default;
  };

  Streams(LoopPart& part, http1::Client& client, Owner& owner)
      : part_(part), shard_(part.shard()), client_(client), owner_(owner) {}

  bool Empty() const { return all_.empty(); }
  // Heads wait for another turn.
  bool HasHeads() const { return next_head_ < heads_.size(); }

  // A request begins.
  Stream& Add();
  void NoteHead(Stream& stream) { heads_.push_back(&stream); }
  void NoteClosed(Stream& stream) { closed_.push_back(&stream); }
  void NoteSlot(Stream& stream) { slots_.push_back(&stream); }
  void Settle();
  void FiberEnded(Stream& stream);

  // The client is gone, or the connection is over: all its requests end. Running handlers are waited for.
  void DropAll() noexcept;
  // Its side has ended: incomplete bodies stay so.
  void EndBodies() noexcept;
  // In a drain, a client that still sends although it has its response is not waited for long.
  void BeginDrain();
  // At the end of a drain: a 503 if nothing of a response was sent, else it is broken off.
  void FinishByForce();

  // Nothing else checks whether streams without a fiber make progress: when one must be checked, and which are to be
  // reset then.
  TimePoint LookAt();
  void TakeALook();

 private:
  static constexpr int kStartsInATurn = 100;

  void SeeToAll();
  bool TakeNextHead();
  void SeeTo(Stream& closed);
  void SeeToSlot(Stream& stream);
  void TakeHead(Stream& stream);
  void StartOrQueue(Stream& stream);
  void StartNow(Stream& stream);
  void StartWaiting();
  void Reject(Stream& stream, const Refusal& refusal, int retry_after);
  void AfterResponse(Stream& stream);
  void Release(Stream& stream) noexcept;
  TimePoint After(Duration time) const;
  Duration LingerTime() const;
  // The last head that has begun is incomplete; nothing else can arrive before the rest of it.
  bool AwaitsHead() const { return begun_ != nullptr && begun_->state() == Stream::State::kHead && !begun_->HeadComplete(); }
  bool HasRoom() const { return running_ < shard_.options().streams_per_connection_max; }

  LoopPart& part_;
  Shard& shard_;
  http1::Client& client_;
  Owner& owner_;
  bool dropped_ = false;
  bool settling_ = false;
  bool starting_waiting_ = false;
  std::vector<std::unique_ptr<Stream>> all_;
  Stream* begun_ = nullptr;  // the last one
  TimePoint head_due_;       // when its head must be complete
  std::size_t running_ = 0;     // that have a fiber
  std::size_t ending_ = 0;      // that had one, or none at all
  std::vector<Stream*> heads_;  // complete
  std::size_t next_head_ = 0;
  std::vector<Stream*> closed_;
  std::vector<Stream*> slots_;     // that have got a slot, or get none
  std::vector<Stream*> waiting_;   // for others of this connection, in order; few
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_STREAMS_H_
