// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/url.h>

#include <cstdint>
#include <utility>
#include <vector>

#include <weft/http/internal/authority.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

constexpr std::string_view kUnixScheme = "http+unix";

Error Wrong(std::string_view text, std::string_view why) {
  return Error::New("URL \"" + std::string(text.substr(0, text.find_first_of("?#"))) + "\": " + std::string(why));
}

int HexOf(char c) { return c <= '9' ? c - '0' : (ToLower(c) - 'a') + 10; }

bool Decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || !Is(text[i + 1], kHexChar) || !Is(text[i + 2], kHexChar)) return false;
    out += static_cast<char>(HexOf(text[i + 1]) * 16 + HexOf(text[i + 2]));
    i += 2;
  }
  return out.find('\0') == std::string::npos;
}

// Host and port of an authority that IsAuthority has accepted.
void SplitAuthority(std::string_view authority, std::uint16_t usual_port, Address& out) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = authority.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  out.path.clear();
  out.host.clear();
  for (const char c : host) out.host += ToLower(c);
  out.port = usual_port;
  if (colon == std::string_view::npos || colon + 1 == authority.size()) return;
  unsigned port = 0;
  for (const char c : authority.substr(colon + 1)) port = port * 10 + static_cast<unsigned>(c - '0');
  out.port = static_cast<std::uint16_t>(port);
}

void NameOrigin(HttpUrl& out) {
  out.origin = out.secure ? "https://" : "http://";
  const bool bracketed = out.address.host.find(':') != std::string::npos;
  const std::size_t authority = out.origin.size();
  if (bracketed) out.origin += '[';
  out.origin += out.address.host;
  if (bracketed) out.origin += ']';
  if (out.address.port != (out.secure ? 443 : 80)) out.origin.append(":").append(std::to_string(out.address.port));
  out.authority.assign(out.origin, authority);
}

Error TakeTarget(std::string_view whole, std::string_view rest, HttpUrl& out) {
  rest = rest.substr(0, rest.find('#'));
  if (!AllAre(rest, kTargetChar)) return Wrong(whole, "a byte that has to be percent-encoded");
  out.target = rest.empty() || rest.front() != '/' ? "/" : "";
  out.target += rest;
  return {};
}

// RFC 3986 section 5.2.4.
std::string RemoveDots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_with_slash = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    ends_with_slash = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  if (out.empty() || ends_with_slash) out += '/';
  return out;
}

}  // namespace

std::string HttpUrl::Text() const { return origin + target; }
std::string HttpUrl::Shown() const { return origin + target.substr(0, target.find('?')); }

Error ParseHttpUrl(std::string_view text, HttpUrl& out) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return Wrong(text, "expected http://, https:// or http+unix:// and a host");
  const std::string_view scheme = text.substr(0, colon);
  const bool is_unix = EqualsIgnoreCase(scheme, kUnixScheme);
  out.secure = EqualsIgnoreCase(scheme, "https");
  if (!is_unix && !out.secure && !EqualsIgnoreCase(scheme, "http")) return Wrong(text, "the scheme is not http, https or http+unix");
  std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (is_unix) {
    out.address = {};
    if (!Decode(authority, out.address.path) || out.address.path.empty()) return Wrong(text, "the host is not the percent-encoded path of a socket");
    out.origin.assign(kUnixScheme).append("://").append(authority);
    out.authority = "localhost";
  } else {
    if (authority.find('@') != std::string_view::npos) return Wrong(text, "user information is not allowed: set the field Authorization");
    if (!IsAuthority(authority) || authority.front() == ':') return Wrong(text, "malformed host");
    SplitAuthority(authority, out.secure ? 443 : 80, out.address);
    if (out.address.port == 0) return Wrong(text, "port 0");
    NameOrigin(out);
  }
  return TakeTarget(text, rest, out);
}

Error UrlReader::Read(std::string_view text, HttpUrl& out) {
  const std::size_t size = before_target_.size();
  if (size > 0 && text.starts_with(before_target_) && (text.size() == size || text[size] == '/' || text[size] == '?' || text[size] == '#')) {
    out.secure = last_.secure;
    out.address = last_.address;
    out.origin = last_.origin;
    out.authority = last_.authority;
    return TakeTarget(text, text.substr(size), out);
  }
  if (Error err = ParseHttpUrl(text, out)) return err;
  before_target_.clear();  // also if there is no memory for the rest
  last_ = out;
  before_target_ = text.substr(0, text.find_first_of("/?#", text.find("://") + 3));
  return {};
}

Error ResolveLocation(const HttpUrl& base, std::string_view location, HttpUrl& out) {
  location = location.substr(0, location.find('#'));
  const std::size_t colon = location.find_first_of(":/?");
  if (colon != std::string_view::npos && location[colon] == ':') return ParseHttpUrl(location, out);
  if (location.starts_with("//")) return ParseHttpUrl(std::string(base.secure ? "https:" : "http:").append(location), out);
  out = base;
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  if (location.empty()) return {};
  if (location.front() == '?') return TakeTarget(location, std::string(base_path).append(location), out);
  const std::size_t question = std::min(location.find('?'), location.size());
  std::string path(location.substr(0, question));
  if (path.front() != '/') path.insert(0, base_path.substr(0, base_path.rfind('/') + 1));
  return TakeTarget(location, RemoveDots(path).append(location.substr(question)), out);
}

}  // namespace weft::internal
