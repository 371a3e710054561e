// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_PROXY_HEADER_H_
#define WEFT_NET_INTERNAL_PROXY_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weft/net/internal/address.h>

namespace weft::internal {

// The longest header of version 2 that is accepted, including what it carries in addition to the addresses. Proxies send it as one
// packet, so a longer one is malformed.
inline constexpr std::size_t kProxyHeaderMax = 4096;

struct ProxyHeaderResult {
  enum class Verdict : std::uint8_t {
    kNeedMore,  // so far it is the start of a header
    kDone,      // `consumed` bytes were the header; what follows is the client's
    kBad,       // can never become a header; `reason` is static text
  };
  Verdict verdict = Verdict::kNeedMore;
  std::size_t consumed = 0;
  const char* reason = nullptr;
};

// Reads the header with which a proxy begins a connection (the PROXY protocol, versions 1 and 2, by Willy Tarreau): who the client
// is. `bytes` is everything that has arrived so far, from the first byte of the connection on; the verdict does not depend on how it was
// split. Writes `client` only if the verdict is kDone and the header names one: a proxy that speaks for itself (UNKNOWN, LOCAL,
// an unspecified family) leaves it as it is. Clients of unix sockets have no path.
//
// Version 1 is a line of at most 107 bytes; every byte of it is checked, even the destination, which is not used. Version 2 may be
// kProxyHeaderMax bytes long; its additional values (TLV) are skipped, but a CRC32c among them must be right. Datagrams count as
// streams: such a client came to the proxy over QUIC.
ProxyHeaderResult ParseProxyHeader(std::string_view bytes, SocketAddress& client);

// The checksum of RFC 3720 appendix B.4, as version 2 uses it. `crc` continues from what came before.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_PROXY_HEADER_H_
