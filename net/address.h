// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_ADDRESS_H_
#define WEFT_NET_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/result.h>

namespace weft {

// The address of a server: a host and a port for TCP, or the path of a Unix-domain socket. As text
// it is "example.org:443", "127.0.0.1:443", "[::1]:443", "unix:/run/app.sock" or "unix:@name".
//
//   weft::Result<weft::Address> upstream = weft::Address::Parse("[::1]:8443");
//   if (weft::Error err = upstream.Err()) return err;
//   weft::Result<weft::Stream> stream = weft::Dial(ctx, *upstream);
struct Address {
  std::string host;        // A name, or an IP address without brackets.
  std::uint16_t port = 0;
  // The path of a Unix-domain socket, or '@' and an abstract name. If it is not empty, host and
  // port have no meaning.
  std::string path;

  bool IsUnix() const noexcept { return !path.empty(); }
  std::string Text() const;

  // Reads an address. Does not look up names. The Error says what is wrong and what is expected.
  static Result<Address> Parse(std::string_view text);
};

// The address that a client wants to connect to. It is the argument of a client's `dial` option,
// which is for tests and for connections that are made in another way.
using DialTarget = Address;

}  // namespace weft

#endif  // WEFT_NET_ADDRESS_H_
