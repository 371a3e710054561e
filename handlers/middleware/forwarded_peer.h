// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_FORWARDED_PEER_H_
#define WEFT_HANDLERS_MIDDLEWARE_FORWARDED_PEER_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/handlers/handler.h>

namespace weft {

// The field that the proxies in front write. Only this one is believed: a client can send the other
// one, and a proxy that does not know it passes it on.
enum class ForwardedField : std::uint8_t {
  kXForwardedFor,  // X-Forwarded-For and X-Forwarded-Proto
  kForwarded,      // Forwarded (RFC 7239)
};

struct ForwardedOptions {
  // The proxies: "127.0.0.1", "10.0.0.0/8", "fd00::/8", or "unix" for clients of a Unix-domain
  // socket.
  std::vector<std::string> trusted = {};
  ForwardedField field = ForwardedField::kXForwardedFor;
};

// Finds the client if there are proxies in front: until the end of the request, Request::Peer and
// Request::Secure return what they would return without the proxies.
//
// Each proxy appends the address that has connected to it. So the list is read from its end,
// starting with the connection itself: as long as a hop is trusted, what it has appended is
// believed. The first one that is not trusted is the client; if all are trusted, it is the
// leftmost. Everything to the left of it may have been written by any client. An entry that is not
// an address ("unknown", a name, a malformed one) ends the search, and the client is the hop that
// has appended it, since no more is known. An address without a port gives a Peer without one.
//
// Secure follows the proto that the proxies report, if they do; if several do, that of the client's
// hop. A connection that is not trusted is not believed at all. Handlers see only fields that are
// true: Forwarded, X-Forwarded-For, -Proto, -Host, -Port, -Server and X-Real-IP from others are
// removed, and the believed field is reduced to its believed part. A trusted proxy is responsible
// for what it passes on in -Host, -Port, -Server and X-Real-IP.
//
// Make it the outermost middleware except for those that log. Throws std::invalid_argument, which
// names the invalid range. For the connection itself there is ServerOptions::proxy_protocol_from.
//
//   mux.Use(weft::ForwardedPeer({.trusted = {"10.0.0.0/8", "unix"}}));
Middleware ForwardedPeer(ForwardedOptions options);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_FORWARDED_PEER_H_
