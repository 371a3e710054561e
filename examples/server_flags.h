// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVER_FLAGS_H_
#define WEFT_EXAMPLES_SERVER_FLAGS_H_

#include <weft/server/options.h>

// What the command line of a server says that has nothing but these flags: --address HOST:PORT, --loops N, and those of tls_flags.h.
// Without an address it is `address`. The server prints "listening on URL" once it does. Ends the program where the flags make no sense.
weft::ServerOptions ServerFlags(int argc, char** argv, const char* program, const char* address);

#endif  // WEFT_EXAMPLES_SERVER_FLAGS_H_
