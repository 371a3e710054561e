// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_WEFT_H_
#define WEFT_WEFT_H_

// What the main file of a service needs: signals and services, the server and its options, routes,
// and the middleware around them. In other files include the single headers that they use, which
// compile faster. Some headers are left out, because they need a library of their own or take long
// to compile: JSON (weft/handlers/content/json.h), Compress (weft/handlers/middleware/compress.h),
// and the bridge to Asio (weft/concurrency/await.h).
//
//   #include <weft/weft.h>
//
//   int main() {
//     auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
//     weft::Mux mux;
//     mux.Handle("GET /hello/{name}", [](weft::ResponseWriter& w, weft::Request& r) {
//       return w.Write(r.PathValue("name"));
//     });
//     return weft::ListenAndServe(ctx, ":8080", mux) ? 1 : 0;
//   }

#include <weft/clients/http/http_client.h>
#include <weft/clients/retry.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/copy.h>
#include <weft/concurrency/crash_report.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/services.h>
#include <weft/concurrency/time.h>
#include <weft/concurrency/work_ids.h>
#include <weft/handlers/content/escape_url.h>
#include <weft/handlers/content/file_server.h>
#include <weft/handlers/content/query.h>
#include <weft/handlers/debug/debug_fibers.h>
#include <weft/handlers/debug/health.h>
#include <weft/handlers/debug/run_checks.h>
#include <weft/handlers/error_status.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/log.h>
#include <weft/handlers/metrics.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/basic_auth.h>
#include <weft/handlers/middleware/bearer_auth.h>
#include <weft/handlers/middleware/cors.h>
#include <weft/handlers/middleware/cross_origin_protection.h>
#include <weft/handlers/middleware/deadline_from.h>
#include <weft/handlers/middleware/forwarded_peer.h>
#include <weft/handlers/middleware/in_flight.h>
#include <weft/handlers/middleware/max_bytes.h>
#include <weft/handlers/middleware/problem_details.h>
#include <weft/handlers/middleware/rate_limit.h>
#include <weft/handlers/middleware/recover.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/middleware/security_headers.h>
#include <weft/handlers/middleware/timeout.h>
#include <weft/handlers/middleware/trace_context.h>
#include <weft/handlers/problem.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/handlers/readiness.h>
#include <weft/handlers/refusal_body.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/routing/redirect.h>
#include <weft/handlers/routing/strip_prefix.h>
#include <weft/server/listen_and_serve.h>
#include <weft/server/metrics_observer.h>
#include <weft/server/observer.h>
#include <weft/server/server_stats.h>
#include <weft/version.h>

#endif  // WEFT_WEFT_H_
