// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_AUTHENTICATED_USER_H_
#define WEFT_HANDLERS_MIDDLEWARE_AUTHENTICATED_USER_H_

#include <string>
#include <string_view>

#include <weft/concurrency/context.h>

namespace weft {

// The user that BasicAuth or BearerAuth has found in the request; empty outside of them. The view
// is valid as long as a context that carries it lives. Never suspends, and may be called from any
// thread.
//
//   weft::Error WhoAmI(weft::ResponseWriter& w, weft::Request& r) {
//     return w.Write(weft::UserOf(r.Ctx()));
//   }
std::string_view UserOf(const Context& ctx);

// `parent` with a user, for authentication of your own. Request::User and the access log get the
// user from RequestAccess::SetUser (handlers/access.h), which copies it.
//
//   weft::Middleware certificates = [](weft::Handler next) -> weft::Handler {
//     return [next](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
//       const weft::TlsInfo* tls = r.Tls();
//       if (tls == nullptr || !tls->peer_certificate) return weft::HttpError(403);
//       const std::string& subject = tls->peer_certificate->subject;
//       weft::RequestAccess::SetUser(r, subject);
//       const weft::RequestContextScope use = r.Use(weft::WithUser(r.Ctx(), subject));
//       return next(w, r);
//     };
//   };
Context WithUser(const Context& parent, std::string user);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_AUTHENTICATED_USER_H_
