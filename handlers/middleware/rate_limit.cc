// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/rate_limit.h>

#include <memory>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/loop.h>
#include <weft/handlers/middleware/internal/keyed_hash.h>
#include <weft/handlers/middleware/internal/peer_text.h>
#include <weft/handlers/middleware/internal/rate_table.h>

namespace weft {
namespace {

// A turn of the loop takes less than any rate is fine for, and knows the time.
TimePoint NearlyNow() {
  const Loop* const loop = Loop::Current();
  return loop != nullptr ? loop->TurnTime() : Now();
}

}  // namespace

std::string ClientNetwork(const Request& r) {
  internal::NetworkRoom room;
  const std::string peer = r.Peer();
  return std::string(internal::NetworkOfPeer(peer, room));
}

Middleware RateLimit(RateLimitOptions options) {
  if (!(options.rate > 0) || options.burst < 1 || options.keys_max < 1) {
    internal::AbortMisuse("RateLimit", "the rate must be above 0, burst and keys_max at least 1");
  }
  struct State {
    explicit State(const RateLimitOptions& o) : key(o.key), table(o.rate, o.burst, o.keys_max) {}

    Duration Take(std::string_view text) {
      return text.empty() ? Duration::zero() : table.Take(hash(text), NearlyNow());
    }
    Duration TakeFor(const Request& r) {
      if (key) return Take(key(r));
      internal::NetworkRoom room;
      const std::string peer = r.Peer();
      return Take(internal::NetworkOfPeer(peer, room));
    }

    const std::function<std::string(const Request&)> key;  // empty: as ClientNetwork
    const internal::KeyedHash hash;
    internal::RateTable table;
  };
  return [state = std::make_shared<State>(options)](Handler next) -> Handler {
    return [state, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      const Duration wait = state->TakeFor(r);
      if (wait > Duration::zero()) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
        w.Header().Set("Retry-After", std::to_string(seconds));
        return HttpError(429);
      }
      return next(w, r);
    };
  };
}

}  // namespace weft
