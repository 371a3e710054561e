// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/basic_auth.h>

#include <optional>
#include <utility>

#include <weft/handlers/access.h>
#include <weft/handlers/middleware/constant_time.h>
#include <weft/handlers/middleware/internal/credentials.h>

namespace weft {
namespace {

std::optional<UserAndPassword> Parse(const Request& r) {
  const std::optional<std::string> text =
      internal::DecodeBase64(internal::CredentialsOf(r, "Basic"));
  if (!text) return std::nullopt;
  const std::size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return UserAndPassword{text->substr(0, colon), text->substr(colon + 1)};
}

}  // namespace

Middleware BasicAuth(std::string realm, CheckPassword check) {
  std::string challenge =
      "Basic realm=" + internal::QuotedRealm("BasicAuth", realm) + ", charset=\"UTF-8\"";
  return [challenge = std::move(challenge), check = std::move(check)](Handler next) -> Handler {
    return [challenge, check, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      std::optional<UserAndPassword> given = Parse(r);
      bool good = false;
      if (given) {
        const Result<bool> checked = check(r.Ctx(), given->user, given->password);
        if (Error err = checked.Err()) return err;
        good = *checked;
      }
      if (!good) {
        w.Header().Set("WWW-Authenticate", challenge);
        return HttpError(401);
      }
      RequestAccess::SetUser(r, given->user);
      const RequestContextScope use = r.Use(WithUser(r.Ctx(), std::move(given->user)));
      return next(w, r);
    };
  };
}

Middleware BasicAuth(std::string realm, std::vector<UserAndPassword> users) {
  return BasicAuth(
      std::move(realm),
      [users = std::move(users)](const Context&, std::string_view user, std::string_view password) {
        bool good = false;
        for (const UserAndPassword& one : users) {  // all of them, and both halves of each
          const bool same_user = EqualInConstantTime(user, one.user);
          const bool same_password = EqualInConstantTime(password, one.password);
          good = good || (same_user & same_password);
        }
        return good;
      });
}

}  // namespace weft
