// SPDX-License-Identifier: Apache-2.0
#include "server_flags.h"

#include <cstdio>
#include <string>
#include <string_view>

#include "flags.h"
#include "tls_flags.h"

weft::ServerOptions ServerFlags(int argc, char** argv, const char* program, const char* address) {
  weft::ServerOptions options{.address = address};
  const std::string usage = "usage: " + std::string(program) + " [--address HOST:PORT] [--loops N] " + TlsFlags::kUsage;
  TlsFlags tls;
  Flags flags(argc, argv, usage.c_str());
  while (flags.Next()) {
    if (flags.Is("--address")) {
      options.address = flags.Text();
    } else if (flags.Is("--loops")) {
      options.loops = flags.Number(1, 1024);
    } else if (!tls.Take(flags)) {
      flags.Unknown();
    }
  }
  if (weft::Error err = options.Validate()) flags.Fail("--address: " + err.Message());
  options.tls = tls.Load(flags);
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };
  return options;
}
