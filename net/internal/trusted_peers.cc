// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/trusted_peers.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace weft::internal {
namespace {

using Address = std::array<unsigned char, 16>;

constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::string_view kForms = "expected an address, a range such as 10.0.0.0/8, or unix";

Error Malformed(std::string_view text, std::string_view what) {
  return Error::New("\"" + std::string(text) + "\": " + std::string(what));
}

bool IsMapped(const Address& address) { return std::equal(kMapped.begin(), kMapped.end(), address.begin()); }

bool ReadAddress(const std::string& text, Address& out, bool& v4) {
  Address address{};
  v4 = inet_pton(AF_INET, text.c_str(), address.data() + kMapped.size()) == 1;
  if (v4) {
    std::copy(kMapped.begin(), kMapped.end(), address.begin());
  } else if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1) {
    return false;
  }
  out = address;
  return true;
}

// The address with only its first bits kept.
Address Masked(const Address& address, unsigned bits) {
  Address masked{};
  for (unsigned i = 0; i < masked.size(); ++i) {
    const unsigned here = std::clamp<int>(static_cast<int>(bits) - static_cast<int>(i) * 8, 0, 8);
    masked[i] = static_cast<unsigned char>(address[i] & (0xFF00u >> here));
  }
  return masked;
}

}  // namespace

Result<TrustedPeers::Range> TrustedPeers::ParseRange(std::string_view text) {
  const std::size_t slash = text.find('/');
  Range range;
  if (text.find('\0') != std::string_view::npos || !ReadAddress(std::string(text.substr(0, slash)), range.address, range.v4)) {
    return Malformed(text, kForms);
  }
  const unsigned width = range.v4 ? 32 : 128;
  unsigned prefix = width;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [stopped, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (failure != std::errc() || stopped != digits.data() + digits.size() || prefix > width) {
      return Malformed(text, "the prefix must be a number from 0 to " + std::to_string(width));
    }
  }
  range.bits = 128 - width + prefix;
  // A typing error here would trust other peers than intended.
  if (Masked(range.address, range.bits) != range.address) return Malformed(text, "the address has bits set after its prefix");
  if (!range.v4 && IsMapped(range.address) && range.bits >= 96) return Malformed(text, "write an IPv4-mapped address as an IPv4 address");
  return range;
}

Result<TrustedPeers> TrustedPeers::Parse(const std::vector<std::string>& texts) {
  TrustedPeers peers;
  for (const std::string& text : texts) {
    if (text == "unix") {
      peers.unix_ = true;
      continue;
    }
    Result<Range> range = ParseRange(text);
    if (Error err = range.Err()) return err;
    peers.ranges_.push_back(*range);
  }
  return peers;
}

bool TrustedPeers::Covers(const Range& range, const Address& address) {
  return range.v4 == IsMapped(address) && Masked(address, range.bits) == range.address;
}

bool TrustedPeers::Contains(const Peer& peer) const {
  if (peer.Family() == AF_UNIX) return unix_;
  const Address address = peer.Ipv6();
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) { return Covers(range, address); });
}

}  // namespace weft::internal
