// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ACCESS_H_
#define WEFT_HANDLERS_ACCESS_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>
#include <weft/handlers/server_side.h>
#include <weft/http/fields.h>

// For implementers of a server or a test kit: how to fill a Request and drive a ResponseWriter.
// Handlers and middleware never need this header.
//
// Request and ResponseWriter are made once and used again and again; after a warm-up, an exchange
// allocates nothing. All calls for one exchange come from one fiber (or plain thread), in this
// order:
//
//   RequestAccess::Header(request).AddBorrowed(...);
//   RequestAccess::Begin(request, head, ctx, draining, body, limit, hooks);
//   ResponseAccess::Begin(writer, sink, request.Method() == "HEAD");
//   Error handlers = CallHandler(handler, writer, request);
//   Error failure = ResponseAccess::Complete(writer, handlers);     // sends what is left
//   ResponseAccess::End(writer);
//   RequestAccess::End(request);

namespace weft {

class RequestAccess {
 public:
  // To be filled; empty after End. The trailer may be filled while the body is read.
  static Fields& Header(Request& r) {
    static_cast<void>(r.Header());
    return r.header_;
  }
  static Fields& Trailer(Request& r) { return r.trailer_; }

  // Starts an exchange in the caller's scope (CurrentScope). `body` is null if there is none. The
  // contexts and both pointers are not copied: they must live until End.
  static void Begin(Request& r, const RequestHead& head, const Context& ctx,
                    const Context& draining, BodySource* body, std::uint64_t body_limit,
                    RequestHooks* hooks) {
    r.method_ = head.method;
    r.target_ = head.target;
    r.raw_path_ = r.path_ = head.raw_path;
    r.raw_query_ = head.raw_query;
    r.host_ = head.host;
    r.version_major_ = static_cast<std::int8_t>(head.version_major);
    r.version_minor_ = static_cast<std::int8_t>(head.version_minor);
    r.secure_ = head.secure;
    if (head.path_may_be_escaped) DecodePath(r);
    r.ctx_ = &ctx;
    r.draining_ = &draining;
    r.hooks_ = hooks;
    r.body_.source_ = body;
    r.body_.ctx_ = &ctx;
    r.body_.scope_ = CurrentScope();
    r.body_.limit_ = body_limit;
  }

  // After Begin: RequestHooks::FillHeader fills the header, once something looks at it.
  static void FillHeaderLater(Request& r) { r.header_waits_ = true; }

  // Ends the exchange: drops the contexts and all views, and keeps the memory. From now on every
  // use of the Body aborts.
  static void End(Request& r) noexcept;

  // Replaces Ctx() permanently, without calling ContextChanged; `ctx` must live until End. Guards
  // of Use that exist at that time restore what they saw.
  static void SetContext(Request& r, const Context& ctx) { r.ctx_ = r.body_.ctx_ = &ctx; }

  // Checks what must hold before a connection is handed over with this status (0: none was chosen):
  // the body was read, and an upgrade was asked for. Adds to `response` what a 101 needs.
  static Error PrepareHijack(const Request& r, int status, Fields& response, bool body_read);

  // The first error of the body so far; how many bytes of it the handler may read, and how many it
  // has read.
  static const Error& BodyError(const Request& r) { return r.body_.failure_; }
  static std::uint64_t BodyLimit(const Request& r) { return r.body_.limit_; }
  static std::uint64_t BodyBytesRead(const Request& r) { return r.body_.read_; }

  // For routers. The views must live until End. A later value hides an earlier one of the same
  // name.
  static void SetPattern(Request& r, std::string_view pattern) { r.pattern_ = pattern; }
  static void AddPathValue(Request& r, std::string_view name, std::string_view value) {
    Extend(r).path_values_.push_back({name, value});
  }

  // For handlers that serve what is below a path: what Path and RawPath return from now on. The
  // views must live until End, or until the next call.
  static void SetPath(Request& r, std::string_view path, std::string_view raw_path) {
    r.path_ = path;
    r.raw_path_ = raw_path;
  }

  // For middleware that knows better than the connection. Until End these are Request::Id, User,
  // Peer and Secure.
  static void SetId(Request& r, std::string_view id) { Extend(r).id_ = id; }
  static void SetUser(Request& r, std::string_view user) { Extend(r).user_ = user; }
  static void SetPeer(Request& r, std::string_view peer) { Extend(r).forwarded_peer_ = peer; }
  static void SetSecure(Request& r, bool secure) { r.secure_ = secure; }

 private:
  static void DecodePath(Request& r);
  static void DropExtensions(Request& r) noexcept;
  // For all that changes what DropExtensions ends.
  static Request& Extend(Request& r) {
    r.extended_ = true;
    return r;
  }
};

class ResponseAccess {
 public:
  // Starts an exchange in the caller's scope. `head_only`: the method is HEAD; `connect`: it is
  // CONNECT.
  static void Begin(ResponseWriter& w, ResponseSink& sink, bool head_only, bool connect = false) {
    if (w.state_ != ResponseWriter::State::kEnded) {
      internal::AbortMisuse("ResponseAccess::Begin", "the last exchange has not ended");
    }
    w.sink_ = &sink;
    w.scope_ = CurrentScope();
    w.state_ = ResponseWriter::State::kBuffering;
    w.head_only_ = head_only;
    w.connect_ = connect;
  }

  // Finishes the response after the handler has returned: sends the rest, or responds with the
  // error (FinishWithError). Returns why the response is not what the handler intended: the
  // handler's own error, an error in sending, or a body shorter than the handler's Content-Length.
  // If the connection was handed over there is nothing to finish, and the handler's error is
  // returned.
  static Error Complete(ResponseWriter& w, const Error& handlers);

  // Calls `f` once with the handler's error, when the handler of a connection that was handed over
  // has returned. It is the last moment to use the stream, for protocols with a closing handshake.
  // `f` may suspend.
  static void AfterHandler(ResponseWriter& w, std::function<void(const Error&)> f) {
    w.extras_.Use().after_handler = std::move(f);
  }

  // Has Complete call `left.call` once everything was passed on for sending, or the response was
  // broken off. What is left last is called first. An exception becomes the error of Complete.
  static void AtCompletion(ResponseWriter& w, internal::AtCompletion left) {
    w.extras_.Use().at_completion.push_back(std::move(left));
  }

  // Whether the response was aborted, by the handler, an error or the client.
  static bool Aborted(const ResponseWriter& w) {
    return w.state_ == ResponseWriter::State::kAborted;
  }

  // Ends the exchange: destroys filters and hooks, and keeps the memory. From now on every use
  // aborts.
  static void End(ResponseWriter& w) noexcept { w.End(); }

 private:
  static Error CompleteAndCall(ResponseWriter& w, const Error& handlers);
  static Error Finish(ResponseWriter& w, Error handlers);
  static inline Error FinishOrCatch(ResponseWriter& w);
  static Error FinishFailed(ResponseWriter& w, Error outcome);
  static Error CallAtCompletion(ResponseWriter& w, const Error& handlers, const Error& outcome);
  static internal::Outcome OutcomeOf(const ResponseWriter& w, const Error& handlers);
};

// Calls the handler. An exception that it throws becomes an Error (Error::FromException).
Error CallHandler(const Handler& handler, ResponseWriter& w, Request& r);

}  // namespace weft

#endif  // WEFT_HANDLERS_ACCESS_H_
