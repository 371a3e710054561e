// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/health.h>

namespace weft {
namespace {

// A probe must never get a stored answer.
Error Answer(ResponseWriter& w, int status, std::string_view text) {
  w.Header().Set("Content-Type", "text/plain; charset=utf-8");
  w.Header().Set("Cache-Control", "no-store");
  w.WriteHeader(status);
  return w.Write(text);
}

}  // namespace

Handler HealthHandler() {
  return [](ResponseWriter& w, Request&) { return Answer(w, 200, "ok\n"); };
}

Handler ReadyHandler(const Readiness& readiness) {
  return [&readiness](ResponseWriter& w, Request&) {
    return readiness.Ready() ? Answer(w, 200, "ready\n") : Answer(w, 503, "not ready\n");
  };
}

}  // namespace weft
