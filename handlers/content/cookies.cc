// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/cookies.h>

#include <algorithm>

#include <weft/http/date.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

// RFC 6265bis section 5.7: what browsers accept.
constexpr std::size_t kNameAndValueMax = 4096;
constexpr std::size_t kAttributeMax = 1024;

// Calls `each` with name and value of each cookie while it returns true.
template <class F>
void ForEachCookie(const Request& r, F each) {
  for (const auto& [field, list] : r.Header()) {
    if (!internal::EqualsIgnoreCase(field, "Cookie")) continue;
    std::string_view rest = list;
    while (!rest.empty()) {
      const std::string_view pair = internal::TrimBlanks(rest.substr(0, rest.find(';')));
      rest.remove_prefix(std::min(rest.size(), rest.find(';') == std::string_view::npos
                                                   ? rest.size()
                                                   : rest.find(';') + 1));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) {
        continue;  // a cookie without a name
      }
      if (!each(internal::TrimBlanks(pair.substr(0, equals)),
                internal::TrimBlanks(pair.substr(equals + 1)))) {
        return;
      }
    }
  }
}

// cookie-octet
bool IsValueChar(char c) {
  return c > 0x20 && c < 0x7F && std::string_view("\",;\\").find(c) == std::string_view::npos;
}

// av-octet
bool IsAttributeChar(char c) { return c >= 0x20 && c < 0x7F && c != ';'; }

bool IsDomain(std::string_view domain) {
  bool label_begins = true;
  for (const char c : domain) {
    if (c == '.' && label_begins) return false;
    if (c != '.' && c != '-' &&
        !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
      return false;
    }
    label_begins = c == '.';
  }
  return !label_begins;
}

bool HasPrefix(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() &&
         internal::EqualsIgnoreCase(name.substr(0, prefix.size()), prefix);
}

Error Bad(const Cookie& cookie, std::string_view what) {
  const bool shown = internal::IsToken(cookie.name) && cookie.name.size() <= 64;
  return Error::New("SetCookie" + (shown ? " " + cookie.name : std::string()) + ": " +
                    std::string(what));
}

Error CheckText(const Cookie& cookie) {
  if (!internal::IsToken(cookie.name)) {
    return Bad(cookie, "the name is not a token (RFC 9110 section 5.6.2)");
  }
  std::string_view value = cookie.value;
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
    value = value.substr(1, value.size() - 2);
  }
  if (!std::all_of(value.begin(), value.end(), IsValueChar)) {
    return Bad(
        cookie,
        "the value has bytes that a cookie cannot hold: encode it, for example in base64url");
  }
  if (cookie.name.size() + cookie.value.size() > kNameAndValueMax) {
    return Bad(cookie, "name and value are longer than 4096 bytes");
  }
  const std::string& path = cookie.path;
  if (!path.empty() &&
      (!path.starts_with('/') || !std::all_of(path.begin(), path.end(), IsAttributeChar))) {
    return Bad(cookie, "the path does not start with '/', or has bytes that a path cannot hold");
  }
  if (!cookie.domain.empty() && !IsDomain(cookie.domain)) {
    return Bad(cookie, "the domain is not a host name");
  }
  if (path.size() > kAttributeMax || cookie.domain.size() > kAttributeMax) {
    return Bad(cookie, "the path or the domain is longer than 1024 bytes");
  }
  return {};
}

Error CheckRules(const Cookie& cookie) {
  if (HasPrefix(cookie.name, "__Secure-") && !cookie.secure) {
    return Bad(cookie, "a __Secure- cookie must be secure");
  }
  if (HasPrefix(cookie.name, "__Host-") &&
      (!cookie.secure || cookie.path != "/" || !cookie.domain.empty())) {
    return Bad(cookie, "a __Host- cookie must be secure, with path \"/\" and without a domain");
  }
  if (cookie.same_site == SameSite::kAny && !cookie.secure) {
    return Bad(cookie, "SameSite=None must be secure");
  }
  if (cookie.partitioned && !cookie.secure) {
    return Bad(cookie, "a partitioned cookie must be secure");
  }
  return {};
}

// Empty: the year is not one of 1601 to 9999 (RFC 6265bis section 5.1.1).
std::string DateOf(std::chrono::sys_seconds time) {
  using namespace std::chrono_literals;
  return time < std::chrono::sys_days(1601y / 1 / 1) ? std::string() : FormatHttpDate(time);
}

}  // namespace

std::optional<std::string_view> CookieOf(const Request& r, std::string_view name) {
  std::optional<std::string_view> found;
  ForEachCookie(r, [&](std::string_view other, std::string_view value) {
    if (other == name) found = value;
    return !found;
  });
  return found;
}

std::vector<std::string_view> CookiesOf(const Request& r, std::string_view name) {
  std::vector<std::string_view> values;
  ForEachCookie(r, [&](std::string_view other, std::string_view value) {
    if (other == name) values.push_back(value);
    return true;
  });
  return values;
}

Error SetCookie(ResponseWriter& w, const Cookie& cookie) {
  if (Error err = CheckText(cookie)) return err;
  if (Error err = CheckRules(cookie)) return err;
  std::string field = cookie.name + "=" + cookie.value;
  if (!cookie.path.empty()) field += "; Path=" + cookie.path;
  if (!cookie.domain.empty()) field += "; Domain=" + cookie.domain;
  if (cookie.max_age) {
    field += "; Max-Age=" + std::to_string(std::max<std::int64_t>(cookie.max_age->count(), 0));
  }
  if (cookie.expires) {
    const std::string date = DateOf(*cookie.expires);
    if (date.empty()) return Bad(cookie, "the year of expires is not one of 1601 to 9999");
    field += "; Expires=" + date;
  }
  if (cookie.secure) field += "; Secure";
  if (cookie.http_only) field += "; HttpOnly";
  if (cookie.same_site == SameSite::kLax) field += "; SameSite=Lax";
  if (cookie.same_site == SameSite::kStrict) field += "; SameSite=Strict";
  if (cookie.same_site == SameSite::kAny) field += "; SameSite=None";
  if (cookie.partitioned) field += "; Partitioned";
  if (!w.Header().Add("Set-Cookie", field)) return Bad(cookie, "the field was refused");
  return {};
}

Error DeleteCookie(ResponseWriter& w, Cookie cookie) {
  cookie.value.clear();
  cookie.max_age = std::chrono::seconds(0);
  cookie.expires = std::chrono::sys_seconds();
  return SetCookie(w, cookie);
}

}  // namespace weft
