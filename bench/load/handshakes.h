// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_HANDSHAKES_H_
#define WEFT_BENCH_LOAD_HANDSHAKES_H_

#include "load/options.h"

namespace weft::bench {

// Opens so many connections a second, one after the other, each with a full TLS handshake and one request. Prints how many.
int RunHandshakes(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_HANDSHAKES_H_
