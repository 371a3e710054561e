// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_STREAM_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <weft/clients/http/internal/http2/client_stream_host.h>
#include <weft/clients/http/internal/http2/request_block.h>
#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/loop_signal.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http2/field_block.h>
#include <weft/http/internal/http2/session.h>
#include <weft/net/client_failure.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/progress.h>

namespace weft::internal::http2 {

// One request and its response on a shared connection (RFC 9113 section 5). The connection reports what arrives, on the loop's
// stack; the fibers of the exchange wait here. One may send while another one receives. It is reused.
class ClientStream final : public SessionStream {
 public:
  // Why a wait is over.
  enum class Outcome : std::uint8_t { kDone, kContext, kTimedOut, kStalled, kFailed };
  // Why there is no response, or no more of it.
  struct Failure {
    ClientFailure::Kind kind;
    bool processed;
    bool elsewhere;  // nothing is wrong with the request: another connection may take it
    const char* detail;
  };
  struct Interim {
    int status;
    FieldBlock fields;
  };

  explicit ClientStream(std::uint32_t head_bytes_max) : head_bytes_max_(head_bytes_max) {}
  ~ClientStream() = default;

  // --- its connection

  // Between Join and Leave.
  ClientStreamHost* connection() const { return connection_; }
  // A fiber waits through the connection, which must not end.
  bool InUse() const { return waiting_ != 0; }
  // A place on the connection, for Send.
  void Join(ClientStreamHost& connection);
  // If the stream is not complete, it is reset (RST_STREAM CANCEL); others of the connection continue. What was received is kept.
  // Without a connection it does nothing.
  void Leave() noexcept;
  // For the next request.
  void Reset() noexcept;

  // --- sending

  // Passes on the head, and as much of `whole`, which must stay until it is taken, as is sent at once. `streamed`: a body follows by
  // SendBody. kFailed: the connection accepts no more.
  Outcome Send(const OutgoingRequest& request, std::string_view whole, bool streamed);
  bool HeadSent() const { return head_sent_; }
  // It goes out at the end of this turn, at the latest.
  bool HeadGoesSoon() const { return !failure_ && connection_ != nullptr && connection_->Gathers(); }
  // In line after the streams that the server takes at once.
  Outcome AwaitHeadSent(const Context& ctx, TimePoint until);
  bool EndSent() const { return end_sent_; }
  bool BodyTaken() const { return body_.empty() && (!last_ || end_sent_); }
  // All of it is taken when this returns kDone; otherwise nothing more of it is. `last`: nothing follows but the trailers.
  Outcome SendBody(const Context& ctx, std::string_view data, bool last, const Fields* trailer);
  Outcome AwaitBodyTaken(const Context& ctx);
  // What was not taken will never be sent: once the response has ended, the stream is reset (RFC 9113 section 8.1). No fiber sends.
  void StopSending() noexcept;

  // --- receiving

  bool HeadIsHere() const { return head_done_; }
  bool Continued() const { return continued_; }
  bool ReceivedAny() const { return received_any_; }
  // Something new has arrived, or nothing more will: head, interim response, failure.
  Outcome AwaitHead(const Context& ctx, TimePoint until);
  std::optional<Interim> TakeInterim();
  int status() const { return status_; }
  const FieldBlock& head() const { return block_; }
  const Fields& trailer() const { return trailer_; }
  std::optional<std::uint64_t> length() const { return length_; }  // of what is left of the body
  void CountEachByte(bool each) { least_ = each ? 1 : kLeast; }
  // At least one byte, or 0 at the end.
  Outcome Read(const Context& ctx, std::span<char> buffer, std::size_t& size);
  // Read has something without a wait.
  bool HasBytes() const { return in_at_ < in_.size(); }
  // The response has ended, and was read to its end.
  bool AtEnd() const { return ended_ && in_at_ == in_.size(); }
  const std::optional<Failure>& failure() const { return failure_; }
  // This response is no longer needed.
  void Fail(const Failure& failure) noexcept;

  // --- of its connection: it has ended, and this with it

  void OnConnectionEnd(ClientFailure::Kind kind, const char* detail) noexcept;

  bool endless = false;  // no caller waits for its end

  // SessionStream
  bool OnField(std::string_view name, std::string_view value) override;
  void OnHead() override;
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnHeadSent() override;
  void OnClosed(ErrorCode code, bool by_peer) override;
  Piece NextBody(std::size_t most) override;
  void TakeBody(std::size_t size, FrameBuffer& out) override;
  std::span<const Fields::Field> TrailerFields() override;

 private:
  static constexpr std::uint64_t kLeast = 1024;
  static constexpr std::size_t kInterimsMax = 16;
  static constexpr std::size_t kBufferKept = 64 * 1024;

  void TakeFinalHead(int status);
  void TakeTrailer();
  void NotifyReceived() noexcept;
  LoopSignal::Outcome Wait(LoopSignal& signal, const Context& ctx, const char* what, TimePoint until);
  Outcome WaitToSend(const Context& ctx, const char* what, TimePoint until);
  Outcome AwaitTaken(const Context& ctx);

  const std::uint32_t head_bytes_max_;
  ClientStreamHost* connection_ = nullptr;
  int waiting_ = 0;     // fibers
  bool woken_ = false;  // the connection counts it
  LoopSignal received_;
  LoopSignal sent_;
  std::optional<Failure> failure_;

  RequestBlock request_;
  std::string_view body_;             // of a fiber that waits, or of the caller
  const Fields* trailer_out_ = nullptr;
  Progress write_progress_;

  FieldBlock block_;                  // the head, once it is here
  FieldBlock trailer_block_;
  Fields trailer_;                    // views into it
  std::vector<Interim> interims_;
  std::size_t interims_seen_ = 0;
  std::uint64_t counted_ = 0;         // of the block that comes, as RFC 9113 section 6.5.2 counts
  int status_ = 0;
  std::optional<std::uint64_t> length_;
  ByteBuffer in_;
  std::size_t in_at_ = 0;             // of it that was read
  Progress read_progress_;
  std::uint64_t least_ = kLeast;

  bool head_sent_ = false;
  bool last_ = false;                 // body_ is the rest
  bool end_sent_ = false;
  bool stopped_ = false;              // the rest will not be sent
  bool closed_ = false;               // nothing more can be sent
  bool too_large_ = false;
  bool continued_ = false;
  bool received_any_ = false;
  bool head_done_ = false;
  bool ended_ = false;                // the response is complete
};

}  // namespace weft::internal::http2

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CLIENT_STREAM_H_
