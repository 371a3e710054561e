// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CARRIER_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CARRIER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <weft/clients/http/internal/carried_request.h>
#include <weft/clients/http/internal/connection_search.h>
#include <weft/clients/http/internal/http2/client_stream.h>
#include <weft/clients/http/internal/kept_connections.h>
#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/concurrency/clock.h>
#include <weft/http/fields.h>

namespace weft::internal {

// One request and its response by HTTP/2 (RFC 9113), on a stream of a connection that others share. The functions that Http1Carrier has
// as well mean the same.
class Http2Carrier {
 public:
  explicit Http2Carrier(CarriedRequest& request) : request_(request) {}
  Http2Carrier(const Http2Carrier&) = delete;
  Http2Carrier& operator=(const Http2Carrier&) = delete;

  // --- its connection

  // A place on a connection; if one of HTTP/1.1 is found instead, this carries nothing. Before anything but Reset.
  Result<ConnectionSearch::Found> Connect(const Context& ctx, const OutgoingRequest& request, bool fresh, KeptConnections& connections,
                                          OriginPool& pool);
  bool HasConnection() const { return stream_->connection() != nullptr; }
  ClientWire* wire() const { return HasConnection() ? &stream_->connection()->wire() : nullptr; }
  // What is not through is reset; what was received stays.
  void Leave() noexcept { stream_->Leave(); }
  // No caller waits for its end.
  void NoteEndless() noexcept { stream_->endless = true; }
  void Reset() noexcept;
  // The next request may be for another origin, whose connections have numbers of their own.
  void ForgetNumber() { number_ = 0; }

  // --- sending

  Error SendHead(const Context& ctx, const OutgoingRequest& request);
  bool HasUnsent() const { return !unsent_body_.empty() || !stream_->BodyTaken(); }
  Error SendUnsent(const Context& ctx) { return Send(ctx, std::exchange(unsent_body_, {}), /*last=*/true); }
  // `last`: nothing follows.
  Error SendPiece(const Context& ctx, std::string_view data, bool last);
  Error SendEnd(const Context& ctx);
  // The rest of the body never comes.
  void StopSending() noexcept { stream_->StopSending(); }
  // The connection has failed, and not this request: the server has seen nothing of it.
  bool MayGoElsewhere() const { return stream_->failure() && stream_->failure()->elsewhere; }

  // --- receiving

  Error ReadHead(const Context& ctx, TimePoint until, Fields& header);
  Error WaitForContinue(const Context& ctx, TimePoint until);
  bool HasVerdict() const { return has_verdict_; }
  bool HeadIsHere() const { return head_done_; }
  bool ReceivedAny() const { return received_any_; }
  int status() const { return stream_->status(); }

  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer, const char* detail);
  bool AtEnd() const { return stream_->AtEnd(); }
  std::uint64_t BytesLeft() const { return AtEnd() ? 0 : stream_->length().value_or(std::numeric_limits<std::uint64_t>::max()); }
  const Fields& trailer() const { return stream_->trailer(); }
  bool Broken() const { return broken_; }
  void Break() { broken_ = true; }

  // The response was read to its end, and the connection is not needed any more.
  bool Done() const { return HasConnection() && !stream_->InUse() && head_done_ && AtEnd(); }

 private:
  using Outcome = http2::ClientStream::Outcome;

  Error Send(const Context& ctx, std::string_view data, bool last);
  void TakeInterims();
  void TakeFinal(Fields& header);
  Error Failed(const Context& ctx, Outcome outcome, const char* detail);

  CarriedRequest& request_;
  std::unique_ptr<http2::ClientStream> stream_;  // made when it is needed first
  std::uint64_t number_ = 0;                     // of its last connection
  std::string_view unsent_body_;                 // the caller's
  bool has_verdict_ = false;
  bool received_any_ = false;
  bool head_done_ = false;
  bool broken_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_HTTP2_CARRIER_H_
