// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_PACED_H_
#define WEFT_BENCH_LOAD_PACED_H_

#include "load/options.h"

namespace weft::bench {

// What a polite client feels: one kept connection on which a request is due at a held rate, far below what the server can do. Prints one
// line of key=value pairs: requests, and p50_us, p99_us, max_us from the moment at which each was due to its response, so that one that
// has to wait for others counts, too. Ends the process if the connection is lost.
int RunPaced(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_PACED_H_
