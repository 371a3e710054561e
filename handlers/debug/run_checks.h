// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_DEBUG_RUN_CHECKS_H_
#define WEFT_HANDLERS_DEBUG_RUN_CHECKS_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/readiness.h>

namespace weft {

// Whether something that this process needs is there. `run` looks once, under a context with a deadline, and returns why it is not.
struct Check {
  std::string name;  // "database", for people
  std::function<Error(const Context&)> run;
};

struct CheckOptions {
  Duration every = std::chrono::seconds(1);    // from the end of one look to the next; above zero
  Duration timeout = std::chrono::seconds(1);  // of one look
  int failures_to_hold = 3;                    // so many in a row
};

// Looks again and again, and holds `readiness` back while a check fails: each from the start until it has passed once, and later from
// `failures_to_hold` failures in a row until it passes. The reasons name the check and what it said. One that has not returned at its
// deadline has failed, and fails again each time that it could have been called anew; the others are called meanwhile.
//
// Blocks until the context is done and all looks have ended; then lets go and returns no error. Run it beside the servers:
//
//   weft::Error err = weft::RunServices(ctx, {
//       {"debug", [&](const weft::Context& c) { return weft::ListenAndServe(c, debug_options, debug_mux); }},
//       {"checks", [&](const weft::Context& c) { return weft::RunChecks(c, readiness, {{"disk", IsDiskThere}}); }},
//       {"app", [&](const weft::Context& c) { return weft::ListenAndServe(c, app_options, app_mux); }},
//   });
//
// Check what this replica alone can lack: its disk, its cache that must be warm, its own sidecar. A database that all replicas share takes
// all of them out at once when it stumbles, and then nobody is left to say so to clients.
Error RunChecks(const Context& ctx, Readiness& readiness, std::vector<Check> checks, CheckOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_DEBUG_RUN_CHECKS_H_
