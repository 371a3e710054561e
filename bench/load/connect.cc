// SPDX-License-Identifier: Apache-2.0
#include "load/connect.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "common/address.h"

namespace weft::bench {

int Connect(const Options& options) {
  for (int attempt = 0;; ++attempt) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) Die("socket");
    if (connect(fd, reinterpret_cast<const sockaddr*>(&options.address), sizeof options.address) == 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return fd;
    }
    if (errno != ECONNREFUSED || attempt == 100) Die("connect to " + options.host);
    close(fd);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace weft::bench
