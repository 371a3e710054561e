// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_REQUEST_REQUEST_RUN_H_
#define WEFT_SERVER_INTERNAL_REQUEST_REQUEST_RUN_H_

#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/loop.h>
#include <weft/handlers/access.h>
#include <weft/handlers/server_side.h>
#include <weft/server/internal/shard/live_request.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal {

// One request from its head to the end of its handler, whatever its protocol: its context with the deadline, the
// Request and the ResponseWriter, the call of the handler, and the report of the outcome to the observer. It is reused;
// a warm one allocates nothing. In the fiber of the request, in this order:
//
//   ScopedContext current(run.Begin(head_at));
//   run.Header().AddBorrowed(...);
//   run.Start(head, body, sink, ...);
//   Error handlers = run.CallHandler();
//   Error failure = run.Complete(handlers);      // the response is complete, here or on its way
//   run.Report(handlers, failure, taken_over);
//   run.End();                                   // also after an exception from any of these
class RequestRun final : public LiveRequest, private RequestHooks {
 public:
  // What it asks of its protocol.
  class Owner {
   public:
    virtual std::string PeerName() const = 0;
    // Of its connection; null: it is not over TLS.
    virtual const TlsInfo* Tls() const = 0;
    // Adds the fields of the head: when the handler asks for them (FillHeaderLater).
    virtual void FillHeader(Fields& header) { static_cast<void>(header); }
    // It has become long-lived, and has a slot of that kind: the one in flight is free for others.
    virtual void OnLongLived() = 0;

   protected:
    ~Owner() = default;
  };

  RequestRun(Shard& shard, Owner& owner) : shard_(shard), owner_(owner), context_(shard.server().values) {}

  // Its head was complete at `head_at`, from which its deadline counts (ServerOptions::request_timeout).
  const Context& Begin(TimePoint head_at) {
    const Duration timeout = shard_.options().request_timeout;
    const TimePoint deadline = timeout < TimePoint::max() - head_at ? head_at + timeout : TimePoint::max();
    ctx_ = &context_.Begin(deadline, shard_.server().request_deadline);
    has_handler_ = true;
    client_gone_ = false;
    return *ctx_;
  }
  Fields& Header() { return RequestAccess::Header(request_); }
  // After Start, instead of filling Header before: many handlers do not look at it.
  void FillHeaderLater() { RequestAccess::FillHeaderLater(request_); }
  Fields& Trailer() { return RequestAccess::Trailer(request_); }
  // `body` is null if there is none.
  void Start(const RequestHead& head, BodySource* body, ResponseSink& sink, bool method_is_head, bool method_is_connect) {
    if (shard_.drain().TimeoutOver()) [[unlikely]] context_.Cancel(kServerClosing);
    RequestAccess::Begin(request_, head, *ctx_, shard_.drain().Draining(), body, shard_.options().body_bytes_max, this);
    ResponseAccess::Begin(writer_, sink, method_is_head, method_is_connect);
  }
  Error CallHandler() { return weft::CallHandler(shard_.server().handler, writer_, request_); }
  Error Complete(const Error& handlers) { return ResponseAccess::Complete(writer_, handlers); }
  // `taken_over`: its handler has the connection.
  void Report(const Error& handlers, const Error& failure, bool taken_over) {
    if (failure || context_.Done() || RequestAccess::BodyError(request_)) ReportTrouble(handlers, failure, taken_over);
  }
  void End();

  const Request& request() const { return request_; }
  bool HeadSent() const { return writer_.HeadSent(); }
  bool ResponseAborted() const { return ResponseAccess::Aborted(writer_); }
  // Ctx() as the handler sees it now.
  const Context& Ctx() const { return request_.Ctx(); }
  // What must hold before the connection is handed over (RequestAccess::PrepareHijack).
  Error PrepareHijack(int status, Fields& header, bool body_read) const {
    return RequestAccess::PrepareHijack(request_, status, header, body_read);
  }

  // The client has disconnected: the request's context ends, if it has a handler.
  void NoteClientGone() noexcept {
    if (client_gone_ || !has_handler_) return;
    client_gone_ = true;
    context_.Cancel(kClientGone);
  }
  bool ClientGone() const { return client_gone_; }
  void ForgetClient() { client_gone_ = false; }

  bool LongLived() override;

  // LiveRequest
  std::string_view Method() const override { return request_.Method(); }
  std::string_view Target() const override { return request_.Target(); }
  std::string PeerName() const override { return owner_.PeerName(); }
  std::string_view Id() const override { return request_.Id(); }
  bool HasHandler() const override { return has_handler_; }
  void Cancel(const Error& cause) noexcept override {
    if (has_handler_) context_.Cancel(cause);
  }

 private:
  void ReportTrouble(const Error& handlers, const Error& failure, bool taken_over);

  // RequestHooks
  std::string Peer() const override { return owner_.PeerName(); }
  const TlsInfo* Tls() const override { return owner_.Tls(); }
  void FillHeader(Fields& header) override { owner_.FillHeader(header); }
  void ContextChanged() override {}

  Shard& shard_;
  Owner& owner_;
  bool has_handler_ = false;
  bool client_gone_ = false;  // its context was canceled because the client disconnected
  bool long_lived_ = false;   // it has a slot of that kind
  const Context* ctx_ = nullptr;
  Request request_;
  ResponseWriter writer_;
  ReusableContext context_;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_REQUEST_REQUEST_RUN_H_
