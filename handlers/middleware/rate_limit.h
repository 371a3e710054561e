// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_RATE_LIMIT_H_
#define WEFT_HANDLERS_MIDDLEWARE_RATE_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <weft/handlers/handler.h>

namespace weft {

// The network of the client, "192.0.2.7" or "2001:db8:1:2::/64": an IPv6 client has 2^64 addresses
// of its own, so each of them says nothing. "unix" for a client of a unix socket.
std::string ClientNetwork(const Request& r);

struct RateLimitOptions {
  double rate = 10;         // requests a second for each key; above 0
  std::int64_t burst = 20;  // at once after a pause; at least 1
  // Whose requests are counted together: ClientNetwork unless it is set. An empty key is not
  // limited.
  std::function<std::string(const Request&)> key = {};
  std::size_t keys_max = 100'000;  // that are remembered; at least 1
};

// Lets each key make so many requests; more are rejected at once with 429 and Retry-After in whole
// seconds. A rejected request costs its key nothing. All handlers that one returned Middleware is
// put around share its counts, on all loops.
//
// Memory is bounded whatever clients send: a key is remembered as a hash under a random key, some
// 100 bytes in all, and only while it has used some of its burst or there is room. When keys_max
// are remembered, the one that was seen least recently is forgotten, which gives it a full burst.
//
// Behind a proxy all requests come from the proxy: put it inside of ForwardedPeer. Requests of many
// clients behind one address are counted together; a key of one's own (a user, an API key that was
// checked before) is better where there is one.
//
//   mux.Group("/login", {weft::RateLimit({.rate = 0.2, .burst = 5})}, AddLogin);
Middleware RateLimit(RateLimitOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_RATE_LIMIT_H_
