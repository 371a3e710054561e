// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_CLOSED_LOOP_H_
#define WEFT_BENCH_LOAD_CLOSED_LOOP_H_

#include "load/options.h"

namespace weft::bench {

// Keeps every connection busy with one batch of requests at a time (one request, or as many as are pipelined), first for
// the warm-up and then for the window that counts, and prints one line of key=value pairs on stdout:
//   requests, seconds, rps      answers in the window, its length, answers per second
//   cpu_us, busy                CPU time of the given processes per answer in microseconds; the share of one core that
//                               they used
//   p50_us, p99_us, max_us      time from sending a batch to the answer, in microseconds
//   errors                      answers other than 200, and connections lost
// The window begins and ends with nothing on its way, so that CPU time and answers belong together exactly.
// Returns the exit code: 1 when there was an error.
int RunClosedLoop(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_CLOSED_LOOP_H_
