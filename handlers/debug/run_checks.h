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

// Checks whether something that this process needs is available. `run` checks once, under a context
// with a deadline, and returns why it is not.
struct Check {
  std::string name;  // "database", for people
  std::function<Error(const Context&)> run;
};

struct CheckOptions {
  Duration every = std::chrono::seconds(1);    // from the end of one check to the next; above zero
  Duration timeout = std::chrono::seconds(1);  // of one check
  int failures_to_hold = 3;                    // this many in a row
};

// Runs the checks again and again, and holds back `readiness` while one fails: at the start until
// it has passed once, and later from `failures_to_hold` failures in a row until it passes. The
// reasons name the check and its error. A check that has not returned at its deadline has failed,
// and fails again each time it would have been called again. The others are called meanwhile.
//
// Blocks until the context is done and all checks have ended. Then it stops holding back and
// returns no error. Run it next to the servers:
//
//   weft::Error err = weft::RunServices(ctx, {
//       {"debug", [&](const weft::Context& c) {
//         return weft::ListenAndServe(c, debug_opts, debug);
//       }},
//       {"checks", [&](const weft::Context& c) { return weft::RunChecks(c, readiness, checks); }},
//       {"app", [&](const weft::Context& c) { return weft::ListenAndServe(c, app_opts, app); }},
//   });
//
// Check what this replica alone can lack: its disk, its cache that must be warm, its own sidecar.
// If all replicas check a database that they share, a short failure of it takes all of them out at
// once, and then none is left to serve clients an error.
Error RunChecks(const Context& ctx, Readiness& readiness, std::vector<Check> checks,
                CheckOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_DEBUG_RUN_CHECKS_H_
