// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_IN_STEP_H_
#define WEFT_BENCH_LOAD_IN_STEP_H_

#include "load/options.h"

namespace weft::bench {

// Sends the same work again and again, so that instructions can be counted: in each round the server is stopped
// (SIGSTOP) once it sleeps, one batch of requests is sent on every connection, and it goes on. It therefore finds all
// of them at once, whatever its speed, and a round costs what the round before cost, to a few instructions.
// Options::requests is the number of rounds. Prints requests=N and returns the exit code.
int RunInStep(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_IN_STEP_H_
