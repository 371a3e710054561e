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

#include <weft/clients/http/internal/http2/client_stream.h>
#include <weft/clients/http/internal/incoming_body.h>
#include <weft/clients/http/internal/kept_connections.h>
#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/clients/http/internal/url.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http1/response_parser.h>
#include <weft/net/client_failure.h>
#include <weft/net/internal/byte_buffer.h>

namespace weft::internal {

class Exchange;

// What of an exchange is about the head of a response of HTTP/1.1 (exchange_http1.cc).
struct ExchangeOnWire {
  static Error ReadHead(Exchange& x, const Context& ctx, TimePoint until);
  static Error WaitForContinue(Exchange& x, const Context& ctx, TimePoint until);

 private:
  static Error FillHead(Exchange& x, const Context& ctx, TimePoint until);
  static Error TakeInterim(Exchange& x, const ResponseResult& result);
  static Error TakeFinal(Exchange& x, const ResponseResult& result);
};

// What of an exchange is about a stream of HTTP/2 (exchange_http2.cc); named as what it stands in for.
struct ExchangeOnStream {
  using Outcome = http2::ClientStream::Outcome;

  static Error TakeConnection(Exchange& x, const Context& ctx, const OutgoingRequest& request, bool fresh);
  static Error SendHead(Exchange& x, const Context& ctx, const OutgoingRequest& request);
  static Error Send(Exchange& x, const Context& ctx, std::string_view data, bool last);
  static Error ReadHead(Exchange& x, const Context& ctx, TimePoint until);
  static Error WaitForContinue(Exchange& x, const Context& ctx, TimePoint until);
  static Result<std::size_t> Read(Exchange& x, const Context& ctx, std::span<char> buffer);
  static void FinishIfDone(Exchange& x) noexcept;

 private:
  static bool Joined(Exchange& x, bool fresh);
  static Error AwaitAttempt(Exchange& x, const Context& ctx);
  static Error AwaitRoom(Exchange& x, const Context& ctx, TimePoint until, StreamLine::Place& place);
  static Error Connect(Exchange& x, const Context& ctx);
  static void TakeInterims(Exchange& x);
  static void TakeFinal(Exchange& x);
  static Error Failed(Exchange& x, const Context& ctx, Outcome outcome, const char* detail);
};

// One request and its response on one connection: one of its own (HTTP/1.1), or a stream of one that it shares (HTTP/2). It is used again
// and again, so a warm one allocates nothing. On its loop; one fiber may send while another one receives.
class Exchange {
 public:
  // Where it goes when nobody uses it any more.
  class Home {
   public:
    virtual void Recycle(Exchange* exchange) noexcept = 0;

   protected:
    ~Home() = default;
  };

  Exchange(Home& home, KeptConnections& kept) : home_(home), kept_connections_(kept) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Loop& loop() { return kept_connections_.loop(); }

  // --- who uses it: a response, and the handle of HttpClient::Open

  void Acquire() { ++users_; }
  // The last one: the connection is kept if the response was read to its end, or as good as.
  void Release() noexcept;
  void Reset() noexcept;

  // --- sending

  // What HttpClient::Open was given lives as long as the exchange: it is what the OutgoingRequest points into.
  void Own(std::unique_ptr<ClientRequest> request) { request_ = std::move(request); }
  ClientRequest* OwnRequest() { return request_.get(); }
  // Takes a slot of the origin and a connection. `fresh`: not a kept one. Errors: the context's; ClientFailure, with nothing processed.
  Error Connect(const Context& ctx, const OutgoingRequest& request, bool fresh);
  // Nothing was sent: the connection is kept for others.
  void KeepConnection() noexcept;
  // A second attempt of the same request: the slot stays.
  Error Reconnect(const Context& ctx, const OutgoingRequest& request);
  // Sends the head, and a whole body with it as far as that goes without a wait.
  Error SendHead(const Context& ctx, const OutgoingRequest& request);
  // What is left of head and whole body.
  bool HasUnsent() const {
    if (multiplexed_) return !unsent_body_.empty() || !stream_->BodyTaken();
    return !unsent_body_.empty() || unsent_head_ != out_.size();
  }
  Error SendUnsent(const Context& ctx);
  // Sends nothing more until the server has asked for the body, has rejected it, or has had its time.
  Error WaitForContinue(const Context& ctx, Duration wait);
  // A piece of a body that is streamed, framed.
  Error SendPiece(const Context& ctx, std::string_view data);
  // The last chunk, or a check that all that was announced was sent.
  Error EndBody(const Context& ctx);
  // All is sent: from now on the server has its time to respond. Of a connection with a part of a request nothing is used again.
  void NoteSent();
  // Sending has failed; the server may have responded all the same, which takes no long time.
  void NoteSendFailed() {
    StopSending();
    LimitHead(kAfterFailedSend);
  }
  // The rest of the body is not wanted, or not to be had.
  void StopSending();
  bool Sent() const { return sent_; }
  // A part of the request may be on its way whose rest never comes: nothing more is sent on this connection, and it is not used again.
  bool SendBroken() const { return send_broken_; }
  Error SendHasFailed() const { return MakeFailure(ClientFailure::kReset, "the request has failed before"); }
  std::uint64_t LeftToSend() const { return left_to_send_; }
  bool SentAny() const { return sent_any_; }
  bool WasKept() const { return kept_; }
  // The connection has failed, and not this request: the server has seen nothing of it.
  bool MayGoElsewhere() const { return multiplexed_ && stream_->failure() && stream_->failure()->elsewhere; }

  // --- receiving

  // The final response. Interim ones are reported. Gives up at `until`. Errors: the context's; ClientFailure.
  Error ReadHead(const Context& ctx, TimePoint until);
  // The same, with a limit that begins when all is sent (NoteSent, EndBody), perhaps by another fiber.
  Error ReadHeadAfterBody(const Context& ctx, Duration limit);
  bool HeadIsHere() const { return head_done_; }
  // WaitForContinue has found a whole head of a final response, or what is none.
  bool HasVerdict() const { return has_verdict_; }
  // What follows may go on and on: from now on it is none of the requests that an origin gets at once.
  void LeaveLimits() noexcept;
  bool Broken() const { return broken_; }
  bool ReceivedAny() const { return received_any_; }
  int status() const { return head_.status; }
  std::pair<int, int> version() const { return multiplexed_ ? std::pair(2, 0) : std::pair<int, int>(1, head_.version_minor); }
  const Fields& header() const { return header_; }
  const Fields& trailer() const { return multiplexed_ ? stream_->trailer() : body_.trailers(); }
  const HttpUrl& url() const { return url_; }
  HttpUrl& url() { return url_; }
  std::string_view method() const { return method_; }
  const ReceivedFraming& framing() const { return framing_; }
  // The largest number: nobody knows.
  std::uint64_t BytesLeft() const;

  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);
  // After so many bytes as were announced: waits for the end of the body, if that comes apart from it.
  Error ReadEnd(const Context& ctx);

  // The connection, of which what follows the head is another protocol's. `first`: what of it came with the head.
  std::unique_ptr<ClientWire> TakeWire(std::string& first);
  // Null: the response was read to its end.
  ClientWire* wire();

  // The response cannot be read any more.
  Error FailWith(ClientFailure::Kind kind, std::string detail, const Error& cause = {});

 private:
  friend struct ExchangeOnStream;
  friend struct ExchangeOnWire;
  static constexpr int kInterimsMax = 16;
  static constexpr Duration kAfterFailedSend = std::chrono::seconds(1);
  static constexpr std::size_t kHeadRoom = 8 * 1024;
  static constexpr std::size_t kDrainMax = 64 * 1024;
  static constexpr std::size_t kBufferKept = 64 * 1024;

  struct HeadTimer : LoopTimer {
    explicit HeadTimer(Exchange& owner) : LoopTimer([](LoopTimer* self) { static_cast<HeadTimer*>(self)->exchange.HeadIsLate(); }), exchange(owner) {}
    Exchange& exchange;
  };

  // One write of the request. Until it has come back nobody knows how much of it has gone out, also if it throws.
  Error WriteOut(const Context& ctx, iovec* parts, std::size_t count, const char* detail);
  Error MakeFailure(ClientFailure::Kind kind, std::string detail, const Error& cause = {}) const;
  // Of a call under `ctx` that the wire has failed.
  Error Failed(const Context& ctx, const Error& error, const char* detail) const;
  const char* ReadingDetail() const;
  void LimitHead(Duration limit);
  void HeadIsLate() noexcept;
  Error TakeConnection(const Context& ctx, const OutgoingRequest& request, bool fresh);
  void NoteConnected(std::unique_ptr<ClientWire> wire);
  void FinishIfDone() noexcept;
  void GiveSlotBack() noexcept;
  void DropWire() noexcept;

  const HttpClientOptions& options() const { return kept_connections_.client().options; }

  Home& home_;
  KeptConnections& kept_connections_;
  OriginPool* pool_ = nullptr;  // while it has a slot
  std::unique_ptr<ClientWire> wire_;
  std::unique_ptr<http2::ClientStream> stream_;  // made when it is needed first
  std::uint64_t shared_number_ = 0;              // of the connection of that
  int users_ = 0;

  std::unique_ptr<ClientRequest> request_;  // of HttpClient::Open
  HttpUrl url_;
  std::string method_;
  ByteBuffer out_;
  std::size_t unsent_head_ = 0;       // where the rest of out_ begins
  std::string_view unsent_body_;      // the caller's
  std::uint64_t left_to_send_ = 0;    // of a length that was announced
  const Fields* trailers_out_ = nullptr;
  const std::function<void(int, const Fields&)>* on_interim_ = nullptr;

  ByteBuffer in_;                     // the head, and what came with it
  ReceivedResponse head_;
  Fields header_;                     // views into in_
  ReceivedFraming framing_;
  IncomingBody body_;
  int interims_ = 0;
  HeadTimer head_timer_{*this};
  const CancelFunc* head_waiter_ = nullptr;  // of ReadHeadAfterBody
  Duration head_limit_{};

  bool shares_ = false;               // it may go by HTTP/2
  bool multiplexed_ = false;          // it does: by stream_
  bool kept_ = false;                 // the connection was used before
  bool chunked_out_ = false;
  bool wants_upgrade_ = false;
  bool close_after_ = false;          // we have said so
  bool sent_any_ = false;
  bool has_slot_ = false;
  bool has_verdict_ = false;
  bool sent_ = false;
  bool send_broken_ = false;
  bool stopped_ = false;  // the rest of the body was given up
  bool continued_ = false;
  bool received_any_ = false;
  bool head_done_ = false;
  bool head_late_ = false;
  bool broken_ = false;               // nothing can be received any more
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_EXCHANGE_H_
