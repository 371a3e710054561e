// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_LISTENING_SOCKET_H_
#define WEFT_TESTS_SERVER_LISTENING_SOCKET_H_

#include <sys/socket.h>

#include <string>

#include <gtest/gtest.h>

#include <weft/net/internal/address.h>
#include <weft/net/internal/fd.h>

namespace weft {

// A socket as another program would make it: it blocks, and children inherit it. `address` as in ServerOptions.
inline internal::Fd ListeningSocket(const std::string& address, int backlog = 128) {
  const Result<internal::SocketAddress> at = internal::ResolveAddress(address);
  EXPECT_TRUE(at.Ok()) << at.Err().Message();
  internal::Fd fd(socket(at->Family(), SOCK_STREAM, 0));
  EXPECT_EQ(bind(fd.Get(), &at->any, at->size), 0);
  EXPECT_EQ(listen(fd.Get(), backlog), 0);
  return fd;
}

inline internal::Fd AbstractListeningSocket() {
  internal::Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr any{AF_UNIX, {}};
  EXPECT_EQ(bind(fd.Get(), &any, sizeof(any.sa_family)), 0);  // the kernel finds a name
  EXPECT_EQ(listen(fd.Get(), 128), 0);
  return fd;
}

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_LISTENING_SOCKET_H_
