// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TRUSTED_PEERS_H_
#define WEFT_NET_INTERNAL_TRUSTED_PEERS_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/net/internal/peer.h>

namespace weft::internal {

// A set of addresses from which connections may come: "127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8" or "unix" (any client of a unix
// socket). An IPv4 client that came over an IPv6 socket is an IPv4 client, so "::/0" does not hold it.
class TrustedPeers {
 public:
  // The Error says which text is wrong and why: `"10.0.0.0/40": the prefix must be from 0 to 32`.
  static Result<TrustedPeers> Parse(const std::vector<std::string>& texts);

  TrustedPeers() = default;
  bool Empty() const { return ranges_.empty() && !unix_; }
  bool Contains(const Peer& peer) const;

 private:
  // All are kept as IPv6; IPv4 ones as mapped.
  struct Range {
    std::array<unsigned char, 16> address{};
    unsigned bits = 0;  // of the address that count
    bool v4 = false;
  };
  static Result<Range> ParseRange(std::string_view text);
  static bool Covers(const Range& range, const std::array<unsigned char, 16>& address);

  std::vector<Range> ranges_;
  bool unix_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TRUSTED_PEERS_H_
