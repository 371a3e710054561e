// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_COOKIES_H_
#define WEFT_HANDLERS_CONTENT_COOKIES_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

// Cookies (RFC 6265bis, draft-ietf-httpbis-rfc6265bis). Nothing here suspends.

// The first cookie of this name in the request; empty if there is none. Case matters. The view is
// valid as long as the request. The value is as it was set, including quotes if it had some. Do not
// trust it: a client may send anything, and another site of the same domain may have set it, unless
// the name starts with __Host-.
//
//   std::optional<std::string_view> session = weft::CookieOf(r, "__Host-session");
std::optional<std::string_view> CookieOf(const Request& r, std::string_view name);

// All cookies of this name, in the order in which the client sends them: the longest path first.
std::vector<std::string_view> CookiesOf(const Request& r, std::string_view name);

// kAny is "SameSite=None": browsers send the cookie with every request that other sites cause.
enum class SameSite : std::uint8_t { kUnset, kLax, kStrict, kAny };

// A cookie to set. The defaults are right for a session cookie: browsers send it only over TLS (and
// to localhost), show it to no script, send it from other sites only if a user follows a link, and
// forget it when they exit.
struct Cookie {
  std::string name = {};
  // Visible ASCII except '"', ',', ';' and '\'; the whole value may be quoted. Encode anything else
  // yourself.
  std::string value = {};
  std::string path = "/";   // empty: the folder of the request's path
  std::string domain = {};  // empty: only this host; otherwise it and all hosts below it
  std::optional<std::chrono::seconds> max_age =
      {};  // 0 or less deletes the cookie; browsers keep none for more than 400 days
  std::optional<std::chrono::sys_seconds> expires =
      {};  // for clients that do not know max_age, which otherwise takes precedence
  bool secure = true;
  bool http_only = true;
  bool partitioned = false;  // one for each site that embeds this one
  SameSite same_site = SameSite::kLax;
};

// Adds a Set-Cookie field. Returns an Error that says what is wrong, and sets nothing, for:
//   - a name that is not a token; a value, path or domain with bytes that are not allowed, such as
//     a line feed or ';'
//   - a name and value longer than 4096 bytes, or a path or domain longer than 1024, which browsers
//     would ignore
//   - __Secure- without secure; __Host- without secure or path "/", or with a domain (case does not
//     matter)
//   - SameSite::kAny or partitioned without secure
// So user input cannot become another attribute or another field. The Error is no HttpError:
// returned by a handler it is a 500. Call this before the head is sent.
//
//   weft::Error err = weft::SetCookie(w, {.name = "__Host-session", .value = token});
Error SetCookie(ResponseWriter& w, const Cookie& cookie);

// Makes the client delete a cookie. Name, path, domain and partition must be those that it was set
// with. Errors are those of SetCookie.
//
//   return weft::DeleteCookie(w, {.name = "__Host-session"});
Error DeleteCookie(ResponseWriter& w, Cookie cookie);

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_COOKIES_H_
