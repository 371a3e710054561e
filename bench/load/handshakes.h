// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_HANDSHAKES_H_
#define WEFT_BENCH_LOAD_HANDSHAKES_H_

#include "load/options.h"

namespace weft::bench {

// Opens connections at a held rate, whatever becomes of those before, so that as many are on their way as the server makes wait. Each
// does a full TLS handshake, asks once, and is closed. Prints one line of key=value pairs:
//   handshakes, failed, seconds   those that had their response; the others, two seconds after the last one at the latest
//   together                      the most that were on their way at once
//   cpu_us, busy                  CPU time of the given processes for each, in microseconds; the share of one core that they used
//   p50_us, p99_us, max_us        from the moment at which one was due to the end of its response
// Returns the exit code: 1 if any failed.
int RunHandshakes(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_HANDSHAKES_H_
