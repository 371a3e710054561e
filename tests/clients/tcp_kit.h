// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_TCP_KIT_H_
#define WEFT_TESTS_CLIENTS_TCP_KIT_H_

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <weft/concurrency/wait_fd.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/socket_transport.h>
#include <weft/net/make_stream.h>

namespace weft {

// A TCP connection of which the test also has the descriptor, for how it ends. Made and used on one loop.
class TcpConnection {
 public:
  explicit TcpConnection(internal::Fd fd)
      : number_(fd.Get()), stream(MakeStream<internal::SocketTransport>(internal::Socket(std::move(fd)), FdWaitOptions{.waits_for = "test's bytes"})) {
    // Without it the second of two writes waits for an acknowledgement, which the peer delays.
    const int on = 1;
    static_cast<void>(setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  }

  // The peer gets a reset, and no end of the stream before it.
  void Reset() {
    if (std::exchange(was_reset_, true)) return;
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    static_cast<void>(connect(number_, &nobody, sizeof nobody));
    stream.Close();
  }

 private:
  int number_;
  bool was_reset_ = false;

 public:
  Stream stream;
};

inline sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Listens on a port of loopback that the kernel chooses.
class TcpListener {
 public:
  TcpListener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    // Many of these tests leave many ports in TIME_WAIT, which are free for a listener with this.
    const int on = 1;
    if (setsockopt(fd_.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) std::abort();
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd_.Get(), raw, size) != 0 || listen(fd_.Get(), 1024) != 0 || getsockname(fd_.Get(), raw, &size) != 0) std::abort();
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t Port() const { return port_; }
  std::string Url(const std::string& target = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + target; }

  // Closed once the context is done. The pointer can be given to a fiber on another loop.
  std::shared_ptr<internal::Fd> Accept(const Context& ctx) {
    while (!WaitFd(ctx, fd_.Get(), FdEvents::kRead, {.waits_for = "client"}).Err()) {
      internal::Fd fd(accept4(fd_.Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.IsOpen()) return std::make_shared<internal::Fd>(std::move(fd));
    }
    return std::make_shared<internal::Fd>();
  }

 private:
  internal::Fd fd_;
  std::uint16_t port_ = 0;
};

// A connection to who listens on this port of loopback; not open if nobody does.
inline internal::Fd ConnectTcp(std::uint16_t port) {
  internal::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  if (connect(fd.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  if (fcntl(fd.Get(), F_SETFL, O_NONBLOCK) != 0) std::abort();
  return fd;
}

}  // namespace weft

#endif  // WEFT_TESTS_CLIENTS_TCP_KIT_H_
