// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_BEARER_AUTH_H_
#define WEFT_HANDLERS_MIDDLEWARE_BEARER_AUTH_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/authenticated_user.h>

namespace weft {

// Returns the user that this token belongs to; empty: it is not valid. It may wait under the
// request's context. If it returns an Error, the request fails with that. Called in the request's
// fiber, from all loops in parallel.
using CheckToken = std::function<Result<std::string>(const Context& ctx, std::string_view token)>;

// A user and a token, for BearerAuth.
struct UserAndToken {
  std::string user;
  std::string token;
};

// Admits only requests with a valid token in Authorization (RFC 6750); UserOf returns its user.
// Others get 401 with WWW-Authenticate, which says invalid_token if there was one. Tokens in the
// query or the body are ignored. Throws std::invalid_argument if the realm contains control
// characters.
//
//   const auto user_of = [&](const weft::Context& ctx, std::string_view token) {
//     return sessions.UserOfToken(ctx, token);
//   };
//   mux.Group("/api", {weft::BearerAuth("api", user_of)}, AddApi);
Middleware BearerAuth(std::string realm, CheckToken check);

// The same for a few tokens that are known from the start. Its timing reveals nothing about them.
Middleware BearerAuth(std::string realm, std::vector<UserAndToken> tokens);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_BEARER_AUTH_H_
