// SPDX-License-Identifier: Apache-2.0
#include <weft/net/address.h>

#include <weft/net/internal/address.h>

namespace weft {
namespace {

Error Unusable(std::string_view text, std::string_view why) {
  std::string message = "address \"";
  message.append(text).append("\": ").append(why);
  return Error::New(std::move(message));
}

}  // namespace

std::string Address::Text() const {
  if (IsUnix()) return "unix:" + path;
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> Address::Parse(std::string_view text) {
  Result<internal::ParsedAddress> parsed = internal::ParseAddress(text);
  if (Error err = parsed.Err()) return err;
  using Kind = internal::ParsedAddress::Kind;
  if (parsed->kind == Kind::kSystemd) return Unusable(text, "a socket that systemd passes can only be listened on");
  if (parsed->kind == Kind::kTcp && parsed->host.empty()) return Unusable(text, "there is no host; expected HOST:PORT");
  Address address;
  address.host = std::move(parsed->host);
  address.port = parsed->port;
  address.path = std::move(parsed->path);
  return address;
}

}  // namespace weft
