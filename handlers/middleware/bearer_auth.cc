// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/bearer_auth.h>

#include <utility>

#include <weft/handlers/access.h>
#include <weft/handlers/middleware/constant_time.h>
#include <weft/handlers/middleware/internal/credentials.h>

namespace weft {

Middleware BearerAuth(std::string realm, CheckToken check) {
  std::string challenge = "Bearer realm=" + internal::QuotedRealm("BearerAuth", realm);
  return [challenge = std::move(challenge), check = std::move(check)](Handler next) -> Handler {
    return [challenge, check, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      const std::string_view token = internal::CredentialsOf(r, "Bearer");
      std::string user;
      if (!token.empty()) {
        Result<std::string> checked = check(r.Ctx(), token);
        if (Error err = checked.Err()) return err;
        user = *std::move(checked);
      }
      if (user.empty()) {
        // RFC 6750 section 3.1: no error code for a request without any credentials.
        w.Header().Set("WWW-Authenticate",
                       token.empty() ? challenge : challenge + ", error=\"invalid_token\"");
        return HttpError(401);
      }
      RequestAccess::SetUser(r, user);
      const RequestContextScope use = r.Use(WithUser(r.Ctx(), std::move(user)));
      return next(w, r);
    };
  };
}

Middleware BearerAuth(std::string realm, std::vector<UserAndToken> tokens) {
  return BearerAuth(std::move(realm),
                    [tokens = std::move(tokens)](const Context&, std::string_view token) {
                      const UserAndToken* found = nullptr;
                      for (const UserAndToken& one : tokens) {  // all of them
                        if (EqualInConstantTime(token, one.token)) found = &one;
                      }
                      return found != nullptr ? found->user : std::string();
                    });
}

}  // namespace weft
