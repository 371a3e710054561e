// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_OPEN_LOOP_H_
#define WEFT_BENCH_LOAD_OPEN_LOOP_H_

#include "load/options.h"

namespace weft::bench {

// Latency at a held rate: requests are due at random moments (exponential gaps, the same ones in each run), whether or not earlier ones
// have had their responses. Each goes to a kept connection that is idle, or waits for one. Latency counts from the moment at which a
// request was due, so a server that falls behind cannot hide it by slowing the load down. A share of the requests asks for another path,
// and is reported apart. With the rate 0 each connection sends as soon as it is idle: what the server can do.
//
// Prints one line of key=value pairs: rps, requests, errors, late (due, and not sent when the window ended), and p50_us, p99_us, p999_us,
// max_us of the quick requests; then the same with other_ for the others. Returns 1 if there were errors.
int RunOpenLoop(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_OPEN_LOOP_H_
