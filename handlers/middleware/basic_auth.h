// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_BASIC_AUTH_H_
#define WEFT_HANDLERS_MIDDLEWARE_BASIC_AUTH_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/authenticated_user.h>

namespace weft {

// Whether this is the user's password. It may wait under the context of the request; an Error is
// what the request fails with. Called in the request's fiber, from all loops in parallel. Compare
// by EqualInConstantTime, or by a hash made for passwords.
using CheckPassword = std::function<Result<bool>(const Context& ctx, std::string_view user,
                                                 std::string_view password)>;

// Who may come in, for BasicAuth.
struct UserAndPassword {
  std::string user;
  std::string password;
};

// Lets only requests in whose Authorization is a good user and password (RFC 7617, in UTF-8);
// UserOf says who it is. Others get 401 with WWW-Authenticate, which makes browsers ask. Passwords
// go over the wire as they are: only over TLS. It does not slow down guessing: put RateLimit
// outside. Throws std::invalid_argument if the realm has control characters.
//
//   mux.Group("/admin", {weft::BasicAuth("admin", {{"root", password}})}, AddAdmin);
Middleware BasicAuth(std::string realm, CheckPassword check);

// The same for a few users that are known at the start. How long it takes says nothing about which
// part was wrong.
Middleware BasicAuth(std::string realm, std::vector<UserAndPassword> users);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_BASIC_AUTH_H_
