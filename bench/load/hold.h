// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_HOLD_H_
#define WEFT_BENCH_LOAD_HOLD_H_

#include "load/options.h"

namespace weft::bench {

// Opens connections up to each of the steps in turn and, after each, waits until the server is quiet and prints
//   step=1000 resident=12345678
// with the resident memory of the given processes in bytes; before the first step a line for step=0. In idle mode each
// connection has had one answer. In park mode each has sent a request, and the line ends with early=N, how many of them
// were answered or closed although the request should still be waiting. After the last step it prints `ready` and, if
// told to, holds everything until stdin ends. Returns the exit code: 1 when an answer was missing, wrong or early.
int RunHold(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_HOLD_H_
