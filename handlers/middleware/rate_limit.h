// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_RATE_LIMIT_H_
#define WEFT_HANDLERS_MIDDLEWARE_RATE_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <weft/handlers/handler.h>

namespace weft {

// The network of the client, "192.0.2.7" or "2001:db8:1:2::/64". An IPv6 client has 2^64 addresses
// of its own, so a single one says nothing. "unix" for a client of a Unix-domain socket.
std::string ClientNetwork(const Request& r);

struct RateLimitOptions {
  double rate = 10;         // requests per second for each key; above 0
  std::int64_t burst = 20;  // at once after a pause; at least 1
  // Requests with the same key are counted together. The default is ClientNetwork. An empty key is
  // not limited.
  std::function<std::string(const Request&)> key = {};
  std::size_t keys_max = 100'000;  // that are remembered; at least 1
};

// Limits the rate of requests for each key; further ones are rejected at once with 429 and
// Retry-After in whole seconds. A rejected request costs its key nothing. All handlers that one
// returned Middleware wraps share its counts, on all loops.
//
// Memory is limited whatever clients send. A key is remembered as a hash under a random key, about
// 100 bytes in all, and only while it has used some of its burst or there is room. If keys_max are
// remembered, the least recently seen one is forgotten, and so gets a full burst again.
//
// If there is a proxy in front, all requests come from the proxy: put RateLimit inside of
// ForwardedPeer. Requests of many clients with one address are counted together. If there is a
// better key (a user, or an API key that was checked before), use that.
//
//   mux.Group("/login", {weft::RateLimit({.rate = 0.2, .burst = 5})}, AddLogin);
Middleware RateLimit(RateLimitOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_RATE_LIMIT_H_
