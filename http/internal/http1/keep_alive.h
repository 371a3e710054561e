// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_
#define WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_

#include <cstdint>

namespace weft::internal::http1 {

// Everything that speaks against keeping a connection of HTTP/1.1 after the response at hand. Each is noted where it
// becomes known, by the code that knows it; nothing is ever taken back.
class KeepAliveFacts {
 public:
  enum Fact : std::uint16_t {
    kClientCloses = 1 << 0,    // by its Connection field or its version (RFC 9112 section 9.3)
    kLimitReached = 1 << 1,    // it was the last request that is allowed on a connection
    kConnect = 1 << 2,         // a refused CONNECT: what follows may be its tunnel's
    kBodyUnusable = 1 << 3,    // the request's body is malformed, too late, too large or not worth reading
    kDraining = 1 << 4,        // and no further request is here already
    kResponseCloses = 1 << 5,  // the handler's Connection field, or a body that ends with the connection
    kUpgraded = 1 << 6,        // 101, or taken over: what follows is not HTTP
    kRefused = 1 << 7,         // what followed was no request, and the client got a refusal
    kAborted = 1 << 8,         // the response was broken off
    kFailed = 1 << 9,          // the client takes no more, there was no memory, or it was ended by force
  };

  constexpr void Note(Fact fact) { facts_ |= fact; }
  constexpr bool None() const { return facts_ == 0; }

 private:
  std::uint16_t facts_ = 0;
};

// The one decision (RFC 9112 section 9.6): the head of the response announces it, and after the response the connection
// is closed or not.
constexpr bool KeepsAlive(const KeepAliveFacts& facts) { return facts.None(); }

}  // namespace weft::internal::http1

#endif  // WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_
