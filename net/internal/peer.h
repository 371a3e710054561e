// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_PEER_H_
#define WEFT_NET_INTERNAL_PEER_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include <weft/net/internal/address.h>

namespace weft::internal {

// A client's address in 20 bytes instead of the kernel's 28 to 110: an idle connection keeps it.
class Peer {
 public:
  explicit Peer(const SocketAddress& address) : family_(static_cast<std::uint16_t>(address.Family())) {
    if (family_ == AF_INET) {
      port_ = address.v4.sin_port;
      std::memcpy(bytes_, &address.v4.sin_addr, sizeof(address.v4.sin_addr));
    } else if (family_ == AF_INET6) {
      port_ = address.v6.sin6_port;
      std::memcpy(bytes_, &address.v6.sin6_addr, sizeof(address.v6.sin6_addr));
    }
  }

  int Family() const { return family_; }
  // The address without its port; an IPv4 address is mapped to IPv6.
  std::array<unsigned char, 16> Ipv6() const {
    std::array<unsigned char, 16> address{};
    if (family_ == AF_INET) {
      address[10] = address[11] = 0xFF;
      std::memcpy(address.data() + 12, bytes_, 4);
    } else {
      std::memcpy(address.data(), bytes_, sizeof(bytes_));
    }
    return address;
  }

  std::string Format() const {
    SocketAddress address;
    address.any.sa_family = family_;
    if (family_ == AF_INET) {
      address.v4.sin_port = port_;
      std::memcpy(&address.v4.sin_addr, bytes_, sizeof(address.v4.sin_addr));
      address.size = sizeof(address.v4);
    } else if (family_ == AF_INET6) {
      address.v6.sin6_port = port_;
      std::memcpy(&address.v6.sin6_addr, bytes_, sizeof(address.v6.sin6_addr));
      address.size = sizeof(address.v6);
    } else {
      address.size = sizeof(address.any.sa_family);  // clients of unix sockets have no name
    }
    return FormatPeer(address);
  }

 private:
  std::uint16_t family_;
  std::uint16_t port_ = 0;  // in network order
  unsigned char bytes_[16] = {};
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_PEER_H_
