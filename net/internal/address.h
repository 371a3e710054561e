// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_ADDRESS_H_
#define WEFT_NET_INTERNAL_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/error.h>

namespace weft::internal {

// A socket address in the kernel's form: TCP over IPv4 or IPv6, or a unix socket.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  };
  socklen_t size;

  SocketAddress() : local{}, size(0) {}
  int Family() const { return any.sa_family; }
  bool IsUnix() const { return size != 0 && any.sa_family == AF_UNIX; }
};

// What an address of ServerOptions says, before anything is resolved.
struct ParsedAddress {
  enum class Kind : std::uint8_t { kTcp, kUnix, kSystemd };
  Kind kind = Kind::kTcp;
  std::string host;  // of kTcp; empty: all addresses
  std::uint16_t port = 0;
  std::string path;    // of kUnix; an abstract name begins with '@'
  std::string passed;  // of kSystemd: name or number of the socket; empty: the only one
};

// Parses "HOST:PORT", ":PORT", "[IPV6]:PORT", "unix:PATH", "unix:@NAME", "systemd:" or "systemd:NAME". The Error says what is wrong
// and what is expected.
Result<ParsedAddress> ParseAddress(std::string_view text);

// Parses and resolves. A name's first IPv4 address is used, or else its first address (as Go's net.Listen does); this may ask
// the network and block the thread. ":PORT" gives IPv6's any address, which a listener opens for IPv4 too. A socket that was passed has
// no address of its own: kSystemd is an Error here.
Result<SocketAddress> ResolveAddress(std::string_view text);

// The address that a listening socket is bound to: "127.0.0.1:8080", "[::1]:8080" or "unix:/run/app.sock".
std::string FormatBound(int fd);

// A client's address: "127.0.0.1:50000", "[::1]:50000", IPv4 in its own form even if it came over IPv6, "unix" for a client
// without a name, as most clients of unix sockets are.
std::string FormatPeer(const SocketAddress& address);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_ADDRESS_H_
