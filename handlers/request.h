// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_REQUEST_H_
#define WEFT_HANDLERS_REQUEST_H_

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/scoped_context.h>
#include <weft/handlers/body.h>
#include <weft/http/fields.h>

namespace weft {

class Request;
class RequestHooks;
struct TlsInfo;

namespace internal {

// The context of a request that has not started.
extern const Context kNoContext;

// What a path value or query parameter is called in the text of a response: `path value "id"`.
struct ParameterName {
  const char* kind;
  std::string_view name;
};

Result<std::int64_t> ParseSigned(std::string_view text, std::int64_t min, std::int64_t max,
                                 ParameterName name);
Result<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max, ParameterName name);
Result<double> ParseDouble(std::string_view text, ParameterName name);
Result<bool> ParseBool(std::string_view text, ParameterName name);
Error MissingParameter(ParameterName name);

template <class T>
Result<T> Converted(auto result) {
  if (Error err = result.Err()) return err;
  return static_cast<T>(*result);
}

template <class T>
Result<T> ParseParameter(std::string_view text, ParameterName name) {
  if constexpr (std::same_as<T, std::string_view> || std::same_as<T, std::string>) {
    return T(text);
  } else if constexpr (std::same_as<T, bool>) {
    return ParseBool(text, name);
  } else if constexpr (std::floating_point<T>) {
    return Converted<T>(ParseDouble(text, name));
  } else if constexpr (std::signed_integral<T>) {
    using Limits = std::numeric_limits<T>;
    return Converted<T>(ParseSigned(text, Limits::min(), Limits::max(), name));
  } else {
    static_assert(std::unsigned_integral<T>, "a number, bool, std::string or std::string_view");
    return Converted<T>(ParseUnsigned(text, std::numeric_limits<T>::max(), name));
  }
}

}  // namespace internal

// Gives its request another context until the end of the C++ scope; made by Request::Use. Guards
// end in the reverse order of their construction.
class [[nodiscard]] RequestContextScope {
 public:
  ~RequestContextScope();
  RequestContextScope(const RequestContextScope&) = delete;
  RequestContextScope& operator=(const RequestContextScope&) = delete;

 private:
  friend class Request;
  RequestContextScope(Request& request, Context ctx);

  Request& request_;
  const Context current_;
  const Context* const previous_;
  ScopedContext scoped_;
};

// A client's request. It lives until the handler returns, and so do all views that it returns, even
// while the handler waits. The handler, and fibers that it has started on its own loop, may use it,
// one at a time.
//
//   weft::Error Greet(weft::ResponseWriter& w, weft::Request& r) {
//     weft::Result<int> times = r.QueryAs<int>("times");
//     if (weft::Error err = times.Err()) return err;   // responds with 400
//     return w.Write(Greeting(r.PathValue("name"), *times));
//   }
class Request {
 public:
  // Servers and test kits make requests, and fill them through RequestAccess (handlers/access.h).
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // Done when the client is gone, the request's deadline has passed, the server's drain timeout has
  // expired, or the handler has returned; its cause says which. Pass it to everything that works
  // for this request.
  const Context& Ctx() const WEFT_LIFETIMEBOUND { return *ctx_; }

  // Done as soon as the server starts to drain. For responses that take long: finish them properly
  // then.
  const Context& Draining() const WEFT_LIFETIMEBOUND { return *draining_; }

  // Replaces the context until the end of the returned guard: Ctx(), reads of the body and
  // CurrentContext() follow. A reference that Ctx() returns meanwhile ends with the guard. For
  // middleware:
  //   weft::CancelScope scope = weft::WithTimeout(r.Ctx(), std::chrono::seconds(2));
  //   auto use = r.Use(scope.ctx);
  //   return next(w, r);
  [[nodiscard]] RequestContextScope Use(Context ctx) { return {*this, std::move(ctx)}; }

  // Declares that this request takes long by its nature (a feed, a download of hours). The server
  // removes the request's deadline, and counts it among the long-lived requests instead of those in
  // flight. False if there are already as many as ServerOptions::long_lived_max: the request keeps
  // its deadline and its slot, and should rather respond with 503. After a call that returned true,
  // further ones do nothing. Contexts derived before keep the old deadline.
  bool LongLived();

  // Whether the client offers to switch to this protocol ("websocket") after a 101 response (RFC
  // 9110 section 7.8), for ResponseWriter::Hijack. Case does not matter.
  bool OffersUpgrade(std::string_view protocol) const;

  // "GET"; case matters (RFC 9110 section 9.1).
  std::string_view Method() const WEFT_LIFETIMEBOUND { return method_; }
  // The unchanged target: "/a%20b?x=1", "http://host/a", "host:443" or "*" (RFC 9112 section 3.2).
  std::string_view Target() const WEFT_LIFETIMEBOUND { return target_; }
  // The decoded path: "/a b". A decoded "%2F" looks like any other slash here; Mux distinguishes
  // them.
  std::string_view Path() const WEFT_LIFETIMEBOUND { return path_; }
  // The path as it was sent: "/a%20b".
  std::string_view RawPath() const WEFT_LIFETIMEBOUND { return raw_path_; }
  // The query as it was sent, without the question mark: "x=1".
  std::string_view RawQuery() const WEFT_LIFETIMEBOUND { return raw_query_; }
  // The host that the client asked for: the authority of the target, or else the Host field, with
  // the port if there is one.
  std::string_view Host() const WEFT_LIFETIMEBOUND { return host_; }
  // The client's address, "192.0.2.7:50123"; an IPv6 address is in brackets before the port. It is
  // that of the connection, unless the middleware ForwardedPeer has found another one. In that case
  // the port is left out if it is not known.
  std::string Peer() const;
  // {1, 1} for HTTP/1.1.
  std::pair<int, int> Version() const { return {version_major_, version_minor_}; }
  // Whether it came over TLS, to this server or, according to ForwardedPeer, to a proxy in front of
  // it.
  bool Secure() const { return secure_; }
  // What the client and this server have negotiated, and who the client is if it has presented a
  // certificate (ClientAuth). Null if this server does not use TLS itself: in plain text, or if a
  // proxy does it.
  //   const weft::TlsInfo* tls = r.Tls();
  //   if (tls == nullptr || !tls->peer_certificate) return weft::HttpError(403);
  const TlsInfo* Tls() const;
  // The id from the middleware RequestId; empty without it.
  std::string_view Id() const WEFT_LIFETIMEBOUND { return id_; }
  // The user that BasicAuth or BearerAuth has found; empty without them. Unlike UserOf(Ctx()), it
  // is also there for middleware outside of them, once `next` has returned.
  std::string_view User() const WEFT_LIFETIMEBOUND { return user_; }

  const Fields& Header() const WEFT_LIFETIMEBOUND {
    if (header_waits_) FillHeader();
    return header_;
  }
  // Empty until the body was read to its end.
  const Fields& Trailer() const WEFT_LIFETIMEBOUND { return trailer_; }

  // The first value of this name in the query, decoded ("+" is a blank); empty if there is none.
  // Pairs with a broken escape or a semicolon are left out, as in Go. The query is parsed on first
  // use.
  std::optional<std::string_view> Query(std::string_view name) const;
  // All values of this name, in order.
  std::vector<std::string_view> QueryValues(std::string_view name) const;

  // What a wildcard of the Mux pattern has matched, decoded; empty if there is no such wildcard.
  std::string_view PathValue(std::string_view name) const;
  // The Mux pattern that has matched, as it was registered; empty if there is none.
  std::string_view Pattern() const WEFT_LIFETIMEBOUND { return pattern_; }

  // The same as numbers, bool ("true", "false", "1", "0") or strings. If the handler returns the
  // error, the response is 400 with a text that names the parameter. A missing parameter is an
  // error too.
  template <class T>
  Result<T> PathValueAs(std::string_view name) const {
    return internal::ParseParameter<T>(PathValue(name), {"path value", name});
  }
  template <class T>
  Result<T> QueryAs(std::string_view name) const {
    const std::optional<std::string_view> text = Query(name);
    if (!text) return internal::MissingParameter({"query parameter", name});
    return internal::ParseParameter<T>(*text, {"query parameter", name});
  }

  weft::Body& Body() WEFT_LIFETIMEBOUND { return body_; }

 private:
  friend class RequestAccess;
  friend class RequestContextScope;

  struct Parameter {
    std::string_view name;
    std::string_view value;
  };

  void FillHeader() const;
  void ParseQuery() const;

  std::string_view method_;
  std::string_view target_;
  std::string_view path_;  // raw_path_ or decoded_path_
  std::string_view raw_path_;
  std::string_view raw_query_;
  std::string_view host_;
  std::string_view pattern_;
  std::int8_t version_major_ = 1;
  std::int8_t version_minor_ = 1;
  bool secure_ = false;
  bool long_lived_ = false;
  mutable bool query_parsed_ = false;
  mutable bool header_waits_ = false;  // hooks_ has yet to fill it
  mutable bool extended_ = false;      // what keeps its memory may be in use
  mutable Fields header_;
  Fields trailer_;
  const Context* ctx_ = &internal::kNoContext;  // the server's, or that of a guard of Use
  const Context* draining_ = &internal::kNoContext;
  weft::Body body_;
  RequestHooks* hooks_ = nullptr;
  // These keep their memory from one request to the next.
  std::string id_;
  std::string user_;
  std::string forwarded_peer_;  // empty: the connection's
  std::string decoded_path_;
  std::vector<Parameter> path_values_;
  mutable std::string decoded_query_;
  mutable std::vector<Parameter> query_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_REQUEST_H_
