// SPDX-License-Identifier: Apache-2.0
// The load generator of bench/run: one thread that costs about as little per request as the cheapest server, so that the
// server stays the bottleneck. It also measures, since it alone knows when the window that counts begins and ends.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>

#include "common/address.h"
#include "load/closed_loop.h"
#include "load/handshakes.h"
#include "load/hold.h"
#include "load/in_step.h"
#include "load/open_loop.h"
#include "load/options.h"
#include "load/paced.h"

namespace {

// For servers that cannot be told port 0. The port may be taken by somebody else before it is used; then that server
// does not start, and bench/run says so.
int PrintFreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = weft::bench::ParseAddress("127.0.0.1:0");
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    weft::bench::Die("free port");
  }
  std::printf("%d\n", ntohs(address.sin_port));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const weft::bench::Options options = weft::bench::ParseOptions(argc, argv);
  weft::bench::RaiseDescriptorLimit();
  switch (options.mode) {
    case weft::bench::Mode::kFreePort:
      return PrintFreePort();
    case weft::bench::Mode::kIdle:
    case weft::bench::Mode::kPark:
      return weft::bench::RunHold(options);
    case weft::bench::Mode::kHandshakes:
      return weft::bench::RunHandshakes(options);
    case weft::bench::Mode::kInStep:
      return weft::bench::RunInStep(options);
    case weft::bench::Mode::kPaced:
      return weft::bench::RunPaced(options);
    case weft::bench::Mode::kOpenLoop:
      return weft::bench::RunOpenLoop(options);
    case weft::bench::Mode::kClosedLoop:
      return weft::bench::RunClosedLoop(options);
  }
}
