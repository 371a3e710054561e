// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_PEER_TEXT_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_PEER_TEXT_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <weft/net/internal/peer.h>

namespace weft::internal {

// What Request::Peer says, without the port and without brackets: "192.0.2.7", "2001:db8::1",
// "unix".
std::string_view AddressOfPeer(std::string_view peer);

// The same with an IPv6 address cut to its first 64 bits: "2001:db8:1:2::/64". A view of the peer
// or of the room.
using NetworkRoom = std::array<char, 64>;
std::string_view NetworkOfPeer(std::string_view peer, NetworkRoom& room);

// An address of IPv4 or IPv6, with or without a port, the latter in brackets if it has one; or
// "unix". Empty for anything else, names among them.
struct ParsedPeer {
  Peer peer;
  bool has_port = false;
};
std::optional<ParsedPeer> ParsePeer(std::string_view text);

// As Request::Peer says it; without a port if there is none: "192.0.2.7", "[2001:db8::1]".
std::string FormatParsed(const ParsedPeer& parsed);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_PEER_TEXT_H_
