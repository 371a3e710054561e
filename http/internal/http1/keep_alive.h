// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_
#define WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_

namespace weft::internal::http1 {

// Everything that decides whether a connection of HTTP/1.1 lives on after the response at hand. Each is
// noted where it becomes known, by whoever knows it; nothing is ever taken back.
struct KeepAliveFacts {
  bool client_closes = false;     // by its Connection field or its version (RFC 9112 section 9.3)
  bool limit_reached = false;     // it was the last request that is allowed on a connection
  bool connect = false;           // a refused CONNECT: what follows may be its tunnel's
  bool body_unusable = false;     // the request's body is malformed, too late, too large or not worth reading
  bool draining = false;          // and no further request is here already
  bool response_closes = false;   // the handler's Connection field, or a body that ends with the connection
  bool upgraded = false;          // 101, or taken over: what follows is not HTTP
  bool refused = false;           // what followed was no request, and the client got a refusal
  bool aborted = false;           // the response was broken off
  bool failed = false;            // the client takes no more, there was no memory, or it was ended by force
};

// The one decision (RFC 9112 section 9.6): the head of the response announces it, and after the response
// the connection is closed or not.
constexpr bool KeepsAlive(const KeepAliveFacts& facts) {
  return !(facts.client_closes || facts.limit_reached || facts.connect || facts.body_unusable || facts.draining ||
           facts.response_closes || facts.upgraded || facts.refused || facts.aborted || facts.failed);
}

}  // namespace weft::internal::http1

#endif  // WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_
