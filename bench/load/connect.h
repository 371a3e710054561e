// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_CONNECT_H_
#define WEFT_BENCH_LOAD_CONNECT_H_

#include "load/options.h"

namespace weft::bench {

// Opens a blocking connection with TCP_NODELAY to the address, trying again for up to five seconds while it refuses:
// a server may be slow to listen. Ends the process when it fails. The caller owns the descriptor.
int Connect(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_CONNECT_H_
