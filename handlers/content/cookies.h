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

// The first cookie of this name that the client sends; empty if there is none. Case matters. The
// view lives as long as the request. A value comes as it was set, with quotes if it was set with
// quotes. Whatever a client sends is its own choice: it may have been set by another site of the
// same domain, unless the name begins with __Host-.
//
//   std::optional<std::string_view> session = weft::CookieOf(r, "__Host-session");
std::optional<std::string_view> CookieOf(const Request& r, std::string_view name);

// All cookies of this name, in the order in which the client sends them: that of the longest path
// first.
std::vector<std::string_view> CookiesOf(const Request& r, std::string_view name);

// kAny is "SameSite=None": other sites send the cookie along with every request that they cause.
enum class SameSite : std::uint8_t { kUnset, kLax, kStrict, kAny };

// A cookie to be set. The defaults are what a cookie of a session needs: browsers send it only over
// TLS (and to localhost), show it to no script, send it along from other sites only when a user
// follows a link, and forget it when they end.
struct Cookie {
  std::string name = {};
  // Visible ASCII but '"', ',', ';' and '\'; it may be quoted as a whole. Anything else is to be
  // encoded by whoever reads it.
  std::string value = {};
  std::string path = "/";   // empty: the folder of the request's path
  std::string domain = {};  // empty: this host alone; else it and all below it
  std::optional<std::chrono::seconds> max_age =
      {};  // 0 and less delete the cookie; browsers keep none for more than 400 days
  std::optional<std::chrono::sys_seconds> expires =
      {};  // for clients that do not know max_age, which wins elsewhere
  bool secure = true;
  bool http_only = true;
  bool partitioned = false;  // one for each site that embeds this one
  SameSite same_site = SameSite::kLax;
};

// Adds a Set-Cookie field. An Error that says what is wrong, with nothing set, for:
//   - a name that is no token; a value, path or domain with bytes that have no place there, such as
//     a line feed or ';'
//   - name and value longer than 4096 bytes, a path or domain longer than 1024, which browsers
//     would ignore
//   - __Secure- without secure; __Host- without secure or path "/", or with a domain (the case of
//     letters does not matter)
//   - SameSite::kAny or partitioned without secure
// So what a user has typed cannot become another attribute or another field. It is no HttpError: as
// the Error of a handler it is a 500. Set it before the head is out.
//
//   weft::Error err = weft::SetCookie(w, {.name = "__Host-session", .value = token});
Error SetCookie(ResponseWriter& w, const Cookie& cookie);

// Makes the client forget a cookie. Name, path, domain and partition must be those of the one that
// was set. Errors are those of SetCookie.
//
//   return weft::DeleteCookie(w, {.name = "__Host-session"});
Error DeleteCookie(ResponseWriter& w, Cookie cookie);

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_COOKIES_H_
