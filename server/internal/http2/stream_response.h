// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_STREAM_RESPONSE_H_
#define WEFT_SERVER_INTERNAL_HTTP2_STREAM_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/loop_signal.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/server_side.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http1/response_framing.h>
#include <weft/http/internal/http2/session.h>
#include <weft/net/internal/fiber_turn.h>
#include <weft/net/internal/progress.h>
#include <weft/server/internal/http2/stream_host.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http2 {

// Turns the calls of a ResponseWriter into the frames of one stream. A body is framed from the writer's own memory, and the writer's
// fiber is parked until all of it was framed: that is the back-pressure of both windows and of the socket. The end of a response is in a
// buffer of this object, so that its fiber need not wait.
class StreamResponse final : public ResponseSink {
 public:
  class Owner {
   public:
    virtual Error MayHijack(int status, Fields& header) = 0;
    virtual Result<StreamTransport*> Hijack(int status, Fields& header) = 0;
    virtual void OnWriteStalled() = 0;
    virtual void OnContinueSent() = 0;
    virtual Error WhyClosed() const = 0;

   protected:
    ~Owner() = default;
  };

  StreamResponse(Shard& shard, SessionStream& stream, Owner& owner) : shard_(shard), stream_(stream), owner_(owner) {}

  void Begin(StreamHost& host, bool method_is_head, bool method_is_connect);

  // --- what the session asks for
  SessionStream::Piece NextBody(std::size_t most) const;
  void TakeBody(std::size_t size, FrameBuffer& out);
  std::span<const Fields::Field> TrailerFields() const { return trailer_; }
  void NoteClosed();

  // --- what the stream asks
  bool HeadSent() const { return head_sent_; }
  bool Complete() const { return last_; }
  // All of the response was framed.
  bool Framed() const { return framed_; }
  bool Aborted() const { return aborted_; }
  std::uint64_t Taken() const { return taken_total_; }
  void Recycle();

  // A response of the server's own.
  void Refuse(int status, std::string_view reason, int retry_after);
  // There was no memory for the request or its response: it becomes a 503 if nothing of it was sent. Returns the
  // status that the client gets, or 0.
  int Lose() noexcept;

  // For a tunnel: the head of the response, and then what is written (under a context; null: only a stall ends it), and the end.
  Error SendTunnelHead(int status, Fields& header);
  Error Write(const Context* ctx, std::string_view data);
  Error EndTunnel();
  // The end, without a wait. If a Write of another fiber waits, it fails, and the stream is reset: half of its bytes may have been sent.
  void CloseTunnel() noexcept;
  FiberTurn& turn() { return turn_; }

  std::span<char> Buffer() override;
  bool TakeBufferBack() noexcept override;
  Error SendWhole(int status, Fields& header, std::string_view body) override;
  Error SendHead(int status, Fields& header, std::optional<std::uint64_t> length) override;
  Error SendBody(std::string_view first, std::string_view second) override;
  Error Flush() override;
  Error SendEnd(std::string_view rest, Fields& trailer) override;
  Error SendInformational(int status, Fields& header) override;
  Error MayHijack(int status, Fields& header) override { return owner_.MayHijack(status, header); }
  Result<StreamTransport*> Hijack(int status, Fields& header) override { return owner_.Hijack(status, header); }
  void Abort() noexcept override;

 private:
  Error Gone() const;
  void Break(ErrorCode code) noexcept;
  Error SubmitHead(int status, const Fields& header, std::string_view content_type, bool body);
  Error SubmitHeld(std::string_view body);
  Error WaitUntilTaken(const Context* ctx);
  std::string_view InBuffer(std::string_view bytes);
  void Finish(std::string_view rest);
  std::size_t Pending() const { return first_.size() + second_.size(); }

  Shard& shard_;
  SessionStream& stream_;
  Owner& owner_;
  StreamHost* host_ = nullptr;

  bool method_is_head_ = false;
  bool method_is_connect_ = false;
  bool head_sent_ = false;   // handed to the session
  bool has_body_ = false;    // and will be followed by a body
  bool last_ = false;        // nothing follows what is pending
  bool framed_ = false;
  bool closed_ = false;
  bool aborted_ = false;
  int held_status_ = 0;      // of a head that waits for the first bytes of its body, which determine the type; 0: none
  ResponseFraming framing_;
  std::string_view first_;   // what is pending, in this order
  std::string_view second_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<char[]> large_;
  std::unique_ptr<Fields> held_;            // of that head, or the trailer section
  std::vector<Fields::Field> trailer_;      // views into held_
  std::uint64_t taken_total_ = 0;
  LoopSignal taken_;
  FiberTurn turn_;
  Progress progress_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_STREAM_RESPONSE_H_
