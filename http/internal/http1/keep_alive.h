// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_
#define WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_

#include <cstdint>

namespace weft::internal::http1 {

// All reasons not to keep an HTTP/1.1 connection after the current response. Each is noted where it
// becomes known, by the code that knows it; none is ever withdrawn.
class KeepAliveFacts {
 public:
  enum Fact : std::uint16_t {
    kClientCloses = 1 << 0,    // by its Connection field or its version (RFC 9112 section 9.3)
    kLimitReached = 1 << 1,    // it was the last request that is allowed on a connection
    kConnect = 1 << 2,         // a rejected CONNECT: what follows may be for its tunnel
    kBodyUnusable = 1 << 3,    // the request's body is malformed, too late, too large or not worth reading
    kDraining = 1 << 4,        // and no further request is here already
    kResponseCloses = 1 << 5,  // the handler's Connection field, or a body that ends with the connection
    kUpgraded = 1 << 6,        // 101, or taken over: what follows is not HTTP
    kRefused = 1 << 7,         // what followed was not a request, and was rejected
    kAborted = 1 << 8,         // the response was broken off
    kFailed = 1 << 9,          // the client reads no more, there was no memory, or the connection was closed by force
  };

  constexpr void Note(Fact fact) { facts_ |= fact; }
  constexpr bool None() const { return facts_ == 0; }

 private:
  std::uint16_t facts_ = 0;
};

// The decision (RFC 9112 section 9.6), made in one place: the head of the response announces it, and after the response the
// connection is closed or kept.
constexpr bool KeepsAlive(const KeepAliveFacts& facts) { return facts.None(); }

}  // namespace weft::internal::http1

#endif  // WEFT_HTTP_INTERNAL_HTTP1_KEEP_ALIVE_H_
