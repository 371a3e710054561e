// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_EXCHANGE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_EXCHANGE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/clients/http/internal/carried_request.h>
#include <weft/clients/http/internal/head_limit.h>
#include <weft/clients/http/internal/http1_carrier.h>
#include <weft/clients/http/internal/http2_carrier.h>
#include <weft/clients/http/internal/kept_connections.h>
#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/clients/http/internal/url.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/http/fields.h>
#include <weft/net/client_failure.h>

namespace weft::internal {

// One request and its response: its slot and its connection, from taking them to returning them, and what all protocols have in common.
// A carrier moves the bytes: over HTTP/1.1 on a connection of its own, over HTTP/2 on a stream of a shared one. It is reused, and a
// warm one allocates nothing. On its loop; one fiber may send while another one receives.
class Exchange {
 public:
  // Takes it back when it is no longer used.
  class Home {
   public:
    virtual void Recycle(Exchange* exchange) noexcept = 0;

   protected:
    ~Home() = default;
  };

  Exchange(Home& home, KeptConnections& kept) : home_(home), kept_connections_(kept), http1_(request_, kept.client().options.head_bytes_max) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Loop& loop() { return kept_connections_.loop(); }

  // --- what uses it: a response, and the handle of HttpClient::Open

  void Acquire() { ++users_; }
  // The last release: the connection is kept if the response was read to its end, or nearly.
  void Release() noexcept;
  void Reset() noexcept;

  // --- sending

  // The request given to HttpClient::Open lives as long as the exchange, because the OutgoingRequest points into it.
  void Own(std::unique_ptr<ClientRequest> request) { own_request_ = std::move(request); }
  ClientRequest* OwnRequest() { return own_request_.get(); }
  // Takes a slot of the origin and a connection. `fresh`: not a kept one. Errors: the context's; ClientFailure, with nothing processed.
  Error Connect(const Context& ctx, const OutgoingRequest& request, bool fresh);
  // Nothing was sent: the connection is kept for others.
  void KeepConnection() noexcept;
  // A second attempt of the same request: the slot stays.
  Error Reconnect(const Context& ctx, const OutgoingRequest& request);
  // Sends the head, and as much of a complete body as possible without waiting.
  Error SendHead(const Context& ctx, const OutgoingRequest& request);
  // Sends the rest of the head and of a complete body.
  bool HasUnsent() const { return multiplexed_ ? http2_.HasUnsent() : http1_.HasUnsent(); }
  Error SendUnsent(const Context& ctx);
  // Sends nothing more until the server has asked for the body, has rejected it, or has had its time.
  Error WaitForContinue(const Context& ctx, Duration wait);
  // Sends a piece of a streamed body, framed.
  Error SendPiece(const Context& ctx, std::string_view data);
  // Sends the last chunk, or checks that everything that was announced was sent.
  Error EndBody(const Context& ctx);
  // Everything was sent: from now on the server's time to respond runs. A connection with a part of a request is not reused.
  void NoteSent();
  // Sending has failed. The server may have responded all the same; waiting for that does not take long.
  void NoteSendFailed() {
    StopSending();
    head_limit_.StartWith(kAfterFailedSend);
  }
  // The rest of the body is not wanted, or cannot be read.
  void StopSending();
  bool Sent() const { return sent_; }
  // A part of the request may have been sent whose rest will never follow: nothing more is sent on this connection, and it is not reused.
  bool SendBroken() const { return send_broken_; }
  Error SendHasFailed() const { return request_.SendHasFailed(); }
  std::uint64_t LeftToSend() const { return left_to_send_; }
  bool SentAny() const { return request_.sent_any; }
  bool WasKept() const { return kept_; }
  // The connection has failed, and not this request: the server has seen nothing of it.
  bool MayGoElsewhere() const { return multiplexed_ && http2_.MayGoElsewhere(); }

  // --- receiving

  // The final response. Interim ones are reported. Gives up at `until`. Errors: the context's; ClientFailure.
  Error ReadHead(const Context& ctx, TimePoint until);
  // The same, with a limit that begins when all is sent (NoteSent, EndBody), perhaps by another fiber.
  Error ReadHeadAfterBody(const Context& ctx, Duration limit);
  bool HeadIsHere() const { return multiplexed_ ? http2_.HeadIsHere() : http1_.HeadIsHere(); }
  // WaitForContinue has found the complete head of a final response, or bytes that are not a head.
  bool HasVerdict() const { return multiplexed_ ? http2_.HasVerdict() : http1_.HasVerdict(); }
  // The body may be endless: from now on, the request does not count against the limit of its origin.
  void LeaveLimits() noexcept;
  // Nothing can be received any more.
  bool Broken() const { return multiplexed_ ? http2_.Broken() : http1_.Broken(); }
  bool ReceivedAny() const { return multiplexed_ ? http2_.ReceivedAny() : http1_.ReceivedAny(); }
  int status() const { return multiplexed_ ? http2_.status() : http1_.status(); }
  std::pair<int, int> version() const { return multiplexed_ ? std::pair(2, 0) : std::pair(1, http1_.version_minor()); }
  const Fields& header() const { return header_; }
  const Fields& trailer() const { return multiplexed_ ? http2_.trailer() : http1_.trailer(); }
  const HttpUrl& url() const { return request_.url; }
  HttpUrl& url() { return request_.url; }
  std::string_view method() const { return request_.method; }
  // What follows the head belongs to another protocol.
  bool IsTunnel() const { return !multiplexed_ && http1_.IsTunnel(); }
  // The largest number: unknown.
  std::uint64_t BytesLeft() const { return multiplexed_ ? http2_.BytesLeft() : http1_.BytesLeft(); }

  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);
  // Called after as many bytes as were announced: waits for the end of the body, if that is signaled separately.
  Error ReadEnd(const Context& ctx);

  // The connection of a tunnel. `first`: its bytes that arrived with the head.
  std::unique_ptr<ClientWire> TakeWire(std::string& first);
  // Null: the response was read to its end.
  ClientWire* wire() const { return multiplexed_ ? http2_.wire() : http1_.wire(); }

  // The response cannot be read any more.
  Error FailWith(ClientFailure::Kind kind, std::string detail);

 private:
  static constexpr Duration kAfterFailedSend = std::chrono::seconds(1);

  // One step of sending, by a carrier. Until it has returned, it is unknown how much was sent, even if it throws.
  template <class Step>
  Error SendBy(Step step) {
    if (send_broken_ || !HasConnection()) return SendHasFailed();
    send_broken_ = true;
    if (Error err = step()) return err;
    send_broken_ = false;
    return {};
  }
  bool HasConnection() const { return multiplexed_ ? http2_.HasConnection() : http1_.wire() != nullptr; }
  Error FailToSend(std::string text);
  Error TakeConnection(const Context& ctx, const OutgoingRequest& request, bool fresh);
  void Forget() noexcept;
  void Break() { multiplexed_ ? http2_.Break() : http1_.Break(); }
  void FinishIfDone() noexcept;
  void GiveSlotBack() noexcept;

  Home& home_;
  KeptConnections& kept_connections_;
  OriginPool* pool_ = nullptr;  // while it has a slot
  int users_ = 0;

  CarriedRequest request_;
  Http1Carrier http1_;
  Http2Carrier http2_{request_};

  std::unique_ptr<ClientRequest> own_request_;  // of HttpClient::Open
  std::uint64_t left_to_send_ = 0;              // of a length that was announced
  Fields header_;                               // views into what the carrier has
  HeadLimit head_limit_{loop(), request_.head_late};

  bool shares_ = false;       // it may go by HTTP/2
  bool multiplexed_ = false;  // it does
  bool kept_ = false;         // the connection was used before
  bool has_slot_ = false;
  bool sent_ = false;
  bool send_broken_ = false;
  bool stopped_ = false;      // the rest of the body was given up
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_EXCHANGE_H_
