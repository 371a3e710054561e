// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/send_request.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <weft/clients/http/internal/exchange.h>
#include <weft/clients/http/internal/propagated_fields.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

namespace weft::internal {
namespace {

const Error& ResponseIsHere() {
  static const Error here = Error::New("the response arrived before the request was sent completely");
  return here;
}

// An exchange that is returned unless a response takes it over.
class Held {
 public:
  explicit Held(LoopPart& part) : exchange_(part.NewExchange()) { exchange_->Acquire(); }
  ~Held() { exchange_->Release(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  Exchange* operator->() const { return exchange_; }
  Exchange& operator*() const { return *exchange_; }

 private:
  Exchange* const exchange_;
};

struct Sent {
  Error own;   // of the caller's reader
  Error wire;
};

// Sends what is left of the request, in the fiber of the caller.
Sent SendBody(const Context& ctx, Exchange& exchange, const OutgoingRequest& request) {
  if (exchange.HasUnsent()) {
    if (Error err = exchange.SendUnsent(ctx)) return {{}, err};
  }
  if (request.reader == nullptr) return {};
  std::array<char, 16 * 1024> piece;
  for (;;) {
    const Result<std::size_t> got = request.reader->Read(ctx, piece);
    if (Error err = got.Err()) return {err, {}};
    if (*got == 0) break;
    if (request.length && *got > exchange.LeftToSend()) return {Error::New("the body of the request is longer than its Content-Length"), {}};
    if (Error err = exchange.SendPiece(ctx, {piece.data(), *got})) return {{}, err};
  }
  if (request.length && exchange.LeftToSend() != 0) return {Error::New("the body of the request is shorter than its Content-Length"), {}};
  return {{}, exchange.EndBody(ctx)};
}

// A response that arrives before the body was sent ends the sending: a server that rejects an upload may read no more of it.
Error SendAndListen(const Context& ctx, Exchange& exchange, const OutgoingRequest& request) {
  const CancelScope sending = WithCancel(ctx);
  Error head_error;
  bool listened = false;
  Group listener(ctx);
  const bool listens = listener.Go("response", [&](const Context& c) {
    struct Ending {  // also by an exception of OnInterim
      bool& listened;
      const CancelFunc& cancel;
      ~Ending() {
        listened = true;
        cancel(ResponseIsHere());
      }
    } const ending{listened, sending.cancel};
    head_error = exchange.ReadHeadAfterBody(c, request.response_timeout);
  });
  if (!listens) return listener.Wait();
  Yield();  // it listens before the first byte is sent
  const Sent sent = SendBody(sending.ctx, exchange, request);
  if (sent.own && !listened) {
    listener.Cancel(sent.own);
    static_cast<void>(listener.Wait());
    return sent.own;
  }
  if (!sent.own && !sent.wire) {
    exchange.NoteSent();
  } else {
    exchange.NoteSendFailed();
  }
  const Error ended = listener.Wait();
  if (head_error || exchange.HeadIsHere()) return head_error;
  return ended ? ended : sent.wire;
}

TimePoint InTime(const OutgoingRequest& request) {
  return request.response_timeout == kUnlimited ? TimePoint::max() : Now() + request.response_timeout;
}

// One attempt on one connection.
Error Exchanged(const Context& ctx, Exchange& exchange, const OutgoingRequest& request) {
  if (Error err = exchange.SendHead(ctx, request)) {
    // A server that has closed may have said why.
    if (ctx.Err() || !exchange.SentAny() || exchange.ReadHead(ctx, Now() + std::chrono::seconds(1))) return err;
    return {};
  }
  if (request.expect && request.body != OutgoingRequest::Body::kWithout) {
    if (Error err = exchange.WaitForContinue(ctx, *request.expect)) return err;
    if (exchange.HasVerdict()) {
      exchange.StopSending();
      return exchange.ReadHead(ctx, InTime(request));
    }
  }
  if (exchange.HasUnsent() || request.reader != nullptr) return SendAndListen(ctx, exchange, request);
  exchange.NoteSent();
  return exchange.ReadHead(ctx, InTime(request));
}

// The narrowest reading of RFC 9110 section 9.2.2 for automatic repetitions: a kept connection had ended, apparently before the server
// saw the request.
bool MayTryAgain(const Context& ctx, const Exchange& exchange, const OutgoingRequest& request, const Error& error) {
  if (ctx.Err()) return false;
  if (exchange.MayGoElsewhere()) return request.reader == nullptr || !exchange.SentAny() || request.reader->Rewind();
  if (!exchange.WasKept() || exchange.ReceivedAny()) return false;
  const ClientFailure* failure = error.As<ClientFailure>();
  if (failure == nullptr || (failure->kind != ClientFailure::kEnded && failure->kind != ClientFailure::kReset)) return false;
  if (failure->processed && !MayBeRepeated(request)) return false;
  return request.reader == nullptr || request.reader->Rewind();
}

}  // namespace

Result<ClientResponse> SendRequest(const Context& ctx, LoopPart& part, OutgoingRequest request) {
  if (Error err = ctx.Err()) return err.Wrap(std::string(request.method) + " " + request.url->Shown());
  if (part.client().refused) return part.client().refused;
  const HttpClientOptions& options = part.client().options;
  Fields propagated;
  if (AddPropagated(ctx, options.propagate, propagated)) request.propagated = &propagated;
  const Held exchange(part);
  if (Error err = exchange->Connect(ctx, request, /*fresh=*/false)) return err;
  Error err = Exchanged(ctx, *exchange, request);
  if (err && MayTryAgain(ctx, *exchange, request, err)) {
    if (Error failed = exchange->Reconnect(ctx, request)) return failed;
    err = Exchanged(ctx, *exchange, request);
  }
  if (err) return err;
  return ClientResponse(*exchange);
}

Result<ClientExchange> OpenExchange(const Context& ctx, LoopPart& part, OutgoingRequest request, std::unique_ptr<ClientRequest> own) {
  if (Error err = ctx.Err()) return err.Wrap(std::string(request.method) + " " + request.url->Shown());
  if (part.client().refused) return part.client().refused;
  const HttpClientOptions& options = part.client().options;
  Fields propagated;
  if (AddPropagated(ctx, options.propagate, propagated)) request.propagated = &propagated;
  const Held exchange(part);
  exchange->Own(std::move(own));
  if (Error err = exchange->Connect(ctx, request, /*fresh=*/false)) return err;
  if (Error err = exchange->SendHead(ctx, request)) {
    if (!exchange->MayGoElsewhere() || ctx.Err()) return err;
    if (Error failed = exchange->Reconnect(ctx, request)) return failed;
    if (Error again = exchange->SendHead(ctx, request)) return again;
  }
  if (request.expect) {
    if (Error err = exchange->WaitForContinue(ctx, *request.expect)) return err;
  }
  return ClientExchange(*exchange, request.response_timeout);
}

Error WarmUp(const Context& ctx, LoopPart& part, const HttpUrl& url) {
  if (Error err = ctx.Err()) return err;
  if (part.client().refused) return part.client().refused;
  OutgoingRequest request;
  request.method = "GET";
  request.url = &url;
  request.without_slot = true;
  const Held exchange(part);
  if (Error err = exchange->Connect(ctx, request, /*fresh=*/false)) return err;
  exchange->KeepConnection();
  return {};
}

}  // namespace weft::internal
