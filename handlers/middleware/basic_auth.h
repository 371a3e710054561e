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

// Returns whether this is the user's password. It may wait under the request's context. If it
// returns an Error, the request fails with that. Called in the request's fiber, from all loops in
// parallel. Compare by EqualInConstantTime, or by a hash that is made for passwords.
using CheckPassword = std::function<Result<bool>(const Context& ctx, std::string_view user,
                                                 std::string_view password)>;

// A user for BasicAuth.
struct UserAndPassword {
  std::string user;
  std::string password;
};

// Admits only requests with a valid user and password in Authorization (RFC 7617, in UTF-8); UserOf
// returns the user. Others get 401 with WWW-Authenticate, which makes browsers ask for them.
// Passwords are sent as they are, so use it only over TLS. It does not slow down guessing: put
// RateLimit outside of it. Throws std::invalid_argument if the realm contains control characters.
//
//   mux.Group("/admin", {weft::BasicAuth("admin", {{"root", password}})}, AddAdmin);
Middleware BasicAuth(std::string realm, CheckPassword check);

// The same for a few users that are known from the start. Its timing does not reveal which part was
// wrong.
Middleware BasicAuth(std::string realm, std::vector<UserAndPassword> users);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_BASIC_AUTH_H_
