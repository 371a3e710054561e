// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <utility>
#include <vector>

#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/cross_origin_protection.h>
#include <weft/handlers/middleware/max_bytes.h>
#include <weft/handlers/middleware/rate_limit.h>
#include <weft/handlers/middleware/recover.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/middleware/security_headers.h>
#include <weft/handlers/middleware/timeout.h>

#include "micro/exchange.h"

namespace weft::bench {
namespace {

std::int64_t Serve(std::vector<Middleware> middleware, const Context& ctx, std::int64_t n, Meter& meter) {
  meter.Pause();
  const Handler handler = Chain([](ResponseWriter& w, Request&) { return w.Write("Hello, World!"); }, std::move(middleware));
  Exchanges exchanges("/hello/anna");
  meter.Resume();
  for (std::int64_t i = 0; i < n; ++i) exchanges.Serve(ctx, handler);
  return n;
}

std::int64_t None(const Context& ctx, std::int64_t n, Meter& meter) { return Serve({}, ctx, n, meter); }

std::uint64_t logged_bytes;

// The record is made and handed over; what a log costs that writes it is the log's affair.
Middleware CountingLog() {
  return AccessLog([](const AccessRecord& record) { logged_bytes += record.bytes; });
}

// One of them alone, to see which one costs what.
template <Middleware (*make)()>
std::int64_t Alone(const Context& ctx, std::int64_t n, Meter& meter) {
  return Serve({make()}, ctx, n, meter);
}

Middleware OwnRequestId() { return RequestId(); }
Middleware OwnSecurityHeaders() { return SecurityHeaders(); }
Middleware OwnRateLimit() { return RateLimit({.rate = 1e9, .burst = 1'000'000}); }
Middleware OwnTimeout() { return Timeout(std::chrono::seconds(5)); }

// What a service on the open network would have around all of its routes.
std::int64_t Eight(const Context& ctx, std::int64_t n, Meter& meter) {
  return Serve({RequestId(), CountingLog(), Recover(), SecurityHeaders(), CrossOriginProtection(), OwnRateLimit(),
                MaxBytes(64 * 1024), OwnTimeout()},
               ctx, n, meter);
}

const Announce kOperations{{"exchange", 1, None},
                           {"chain-8", 1, Eight},
                           {"request-id", 1, Alone<OwnRequestId>},
                           {"access-log", 1, Alone<CountingLog>},
                           {"security-headers", 1, Alone<OwnSecurityHeaders>},
                           {"rate-limit", 1, Alone<OwnRateLimit>},
                           {"timeout", 1, Alone<OwnTimeout>}};

}  // namespace
}  // namespace weft::bench
