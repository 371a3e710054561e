// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_ADDRESS_H_
#define WEFT_NET_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/result.h>

namespace weft {

// Where a server is: a host and a port of TCP, or the path of a unix socket. As text "example.org:443", "127.0.0.1:443", "[::1]:443",
// "unix:/run/app.sock" or "unix:@name".
struct Address {
  std::string host;        // a name, or an IP address without brackets
  std::uint16_t port = 0;
  std::string path;        // of a unix socket, or '@' and an abstract name; host and port are without meaning then

  bool IsUnix() const noexcept { return !path.empty(); }
  std::string Text() const;

  // The Error says what is wrong and what is expected. Names are not looked up.
  static Result<Address> Parse(std::string_view text);
};

// Where a client wants to be connected to: what its option `dial` is given, in tests and for connections that are made in another way.
using DialTarget = Address;

}  // namespace weft

#endif  // WEFT_NET_ADDRESS_H_
