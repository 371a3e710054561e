// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/debug/health.h>

#include <string>

#include <weft/handlers/error_status.h>

namespace weft {
namespace {

constexpr std::string_view kMethods = "GET, HEAD, OPTIONS";

Error Respond(ResponseWriter& w, const Request& r, int status, std::string_view text) {
  w.Header().Set("Cache-Control", "no-store");  // a probe must never get a stored response
  const bool asks = r.Method() == "GET" || r.Method() == "HEAD" || r.Method() == "OPTIONS";
  if (!asks || r.Method() == "OPTIONS") w.Header().Set("Allow", kMethods);
  if (!asks) return HttpError(405);
  w.Header().Set("Content-Type", "text/plain; charset=utf-8");
  w.WriteHeader(status);
  return w.Write(text);
}

}  // namespace

Handler HealthHandler() {
  return [](ResponseWriter& w, Request& r) { return Respond(w, r, 200, "ok\n"); };
}

Handler ReadyHandler(const Readiness& readiness) {
  return [&readiness](ResponseWriter& w, Request& r) {
    if (readiness.Ready()) return Respond(w, r, 200, "ready\n");
    std::string text = "not ready\n";
    for (const std::string& reason : readiness.Reasons()) text.append(reason).append("\n");
    return Respond(w, r, 503, text);
  };
}

}  // namespace weft
