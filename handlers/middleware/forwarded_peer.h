// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_FORWARDED_PEER_H_
#define WEFT_HANDLERS_MIDDLEWARE_FORWARDED_PEER_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/handlers/handler.h>

namespace weft {

// Which field the proxies in front write. Only this one is believed: a client can send the other
// one, and a proxy that does not know it passes it on.
enum class ForwardedField : std::uint8_t {
  kXForwardedFor,  // X-Forwarded-For and X-Forwarded-Proto
  kForwarded,      // Forwarded (RFC 7239)
};

struct ForwardedOptions {
  // The proxies: "127.0.0.1", "10.0.0.0/8", "fd00::/8", or "unix" for clients of a unix socket.
  std::vector<std::string> trusted = {};
  ForwardedField field = ForwardedField::kXForwardedFor;
};

// Finds the client behind proxies: Request::Peer and Request::Secure say from here on, until the
// end of the request, what they would say without the proxies.
//
// Each proxy appends the address that it was called from. So the list is read from its end,
// beginning with the connection itself: as long as a hop is trusted, what it has appended is
// believed. The first one that is not trusted is the client; if all are, the leftmost. What stands
// left of it was written by nobody knows whom. An entry that is no address ("unknown", a name, a
// broken one) ends the search, and the hop that has appended it is the client: more is not known.
// An address without a port gives a Peer without one.
//
// Secure follows the proto that the proxies say, if they say one; with several, that of the
// client's hop. From a connection that is not trusted nothing is believed. Handlers see no field
// that is not true: Forwarded, X-Forwarded-For, -Proto, -Host, -Port, -Server and X-Real-IP of
// others are removed, and of the field that is believed the part that is. A trusted proxy answers
// for what it passes on of -Host, -Port, -Server and X-Real-IP.
//
// Make it the outermost middleware but for those that log. Throws std::invalid_argument, which
// names the range that is wrong. For a connection itself: ServerOptions::proxy_protocol_from.
//
//   mux.Use(weft::ForwardedPeer({.trusted = {"10.0.0.0/8", "unix"}}));
Middleware ForwardedPeer(ForwardedOptions options);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_FORWARDED_PEER_H_
