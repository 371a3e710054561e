// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_SERVERS_OPTIONS_H_
#define WEFT_BENCH_SERVERS_OPTIONS_H_

#include <cstdio>
#include <string>
#include <string_view>

#include <weft/server/options.h>

namespace weft::bench {

// One loop, at the address that --address names, which is printed once it is bound. Other flags are the caller's.
inline ServerOptions OptionsOf(int argc, char** argv) {
  ServerOptions options{.address = "127.0.0.1:0", .loops = 1};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--address") options.address = argv[i + 1];
  }
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", std::string(bound).c_str());
    std::fflush(stdout);
  };
  return options;
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_SERVERS_OPTIONS_H_
