// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_HTTP1_CARRIER_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_HTTP1_CARRIER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <weft/clients/http/internal/carried_request.h>
#include <weft/clients/http/internal/incoming_body.h>
#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/clock.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http1/received_response.h>
#include <weft/http/internal/http1/response_parser.h>
#include <weft/net/internal/byte_buffer.h>

namespace weft::internal {

// One request and its response over HTTP/1.1 (RFC 9112), on a connection that nothing else uses meanwhile. One fiber may send
// while another one receives. Failures are those of the request; after one of a send, nothing more is to be sent.
class Http1Carrier {
 public:
  Http1Carrier(CarriedRequest& request, std::uint32_t head_bytes_max) : request_(request), limits_{.head_bytes = head_bytes_max} {}
  Http1Carrier(const Http1Carrier&) = delete;
  Http1Carrier& operator=(const Http1Carrier&) = delete;

  // --- its connection

  ClientWire* wire() const { return wire_.get(); }
  void Use(std::unique_ptr<ClientWire> wire) { wire_ = std::move(wire); }
  std::unique_ptr<ClientWire> GiveWire() { return std::move(wire_); }
  // For the next request, or attempt. Without a connection.
  void Reset() noexcept;

  // --- sending

  // Sends the head, and as much of a complete body as possible without waiting.
  Error SendHead(const Context& ctx, const OutgoingRequest& request);
  bool HasUnsent() const { return !unsent_body_.empty() || unsent_head_ != out_.size(); }
  // Sends the rest of the head and of a complete body.
  Error SendUnsent(const Context& ctx);
  // Sends a piece of a streamed body, framed.
  Error SendPiece(const Context& ctx, std::string_view data);
  // The last chunk, where there are chunks.
  Error SendEnd(const Context& ctx);

  // --- receiving

  // The final response, whose fields go to `header`, as views. Gives up at `until`.
  Error ReadHead(const Context& ctx, TimePoint until, Fields& header);
  // Until the server asks for the body or has decided without it. Without an Error: also at `until`.
  Error WaitForContinue(const Context& ctx, TimePoint until);
  // WaitForContinue has found the complete head of a final response, or bytes that are not a head.
  bool HasVerdict() const { return has_verdict_; }
  bool HeadIsHere() const { return head_done_; }
  bool ReceivedAny() const { return received_any_; }
  int status() const { return head_.status; }
  int version_minor() const { return head_.version_minor; }
  // What follows the head belongs to another protocol.
  bool IsTunnel() const { return framing_.tunnel; }

  // `detail`: of a failure.
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer, const char* detail);
  bool AtEnd() const { return body_.AtEnd(); }
  std::uint64_t BytesLeft() const { return body_.BytesLeft(); }
  const Fields& trailer() const { return body_.trailers(); }
  // What came with the head and was not read.
  std::string_view pending() const { return body_.pending(); }
  // Nothing can be received any more.
  bool Broken() const { return broken_; }
  void Break() { broken_ = true; }

  // The response was read to its end, and no tunnel follows it.
  bool Done() const { return wire_ != nullptr && head_done_ && body_.AtEnd() && !framing_.tunnel; }
  // Once it is done: the connection is as good as before.
  bool MayBeKept() const { return StaysOpen() && !body_.HasExcess(); }
  // Discards the rest of the body if it has arrived and is small. True: it is done.
  bool DrainAtOnce() noexcept { return wire_ != nullptr && head_done_ && StaysOpen() && body_.DrainAtOnce(*wire_, kDrainMax); }

 private:
  static constexpr int kInterimsMax = 16;
  static constexpr std::size_t kHeadRoom = 8 * 1024;
  static constexpr std::size_t kDrainMax = 64 * 1024;
  static constexpr std::size_t kBufferKept = 64 * 1024;

  bool StaysOpen() const { return framing_.keep_alive && !close_after_ && !broken_; }
  Error WriteOut(const Context& ctx, iovec* parts, std::size_t count, const char* detail);
  Error FillHead(const Context& ctx, TimePoint until);
  Error TakeInterim(const ResponseResult& result);
  Error TakeFinal(const ResponseResult& result, Fields& header);
  Error FailWith(ClientFailure::Kind kind, const char* detail);

  CarriedRequest& request_;
  const ResponseLimits limits_;
  std::unique_ptr<ClientWire> wire_;

  ByteBuffer out_;
  std::size_t unsent_head_ = 0;   // where the rest of out_ begins
  std::string_view unsent_body_;  // the caller's

  ByteBuffer in_;                 // the head, and what came with it
  ReceivedResponse head_;
  ReceivedFraming framing_;
  IncomingBody body_;
  int interims_ = 0;

  bool wants_upgrade_ = false;
  bool close_after_ = false;      // we have said so
  bool continued_ = false;
  bool has_verdict_ = false;
  bool received_any_ = false;
  bool head_done_ = false;
  bool broken_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_HTTP1_CARRIER_H_
