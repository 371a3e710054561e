// SPDX-License-Identifier: Apache-2.0
//
// The limit for clients: one epoll set, one write and one read for each request, no parsing: a response is over when as many bytes have come as
// the first one had.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "common/client_run.h"

namespace {

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) std::exit(1);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  weft::bench::ClientRun run(argc, argv);
  const std::string request = "GET " + run.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(run.port) + "\r\nUser-Agent: weft\r\n\r\n";
  std::array<char, 16384> buffer;
  // The size of a response.
  const int probe = Connect(run.port);
  if (write(probe, request.data(), request.size()) < 0) return 1;
  std::string first;
  std::size_t size = 0;
  while (size == 0 || first.size() < size) {
    const ssize_t got = read(probe, buffer.data(), buffer.size());
    if (got <= 0) return 1;
    first.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = first.find("\r\n\r\n");
    const std::size_t length = first.find("Content-Length: ");
    if (end != std::string::npos && length < end) size = end + 4 + std::stoul(first.substr(length + 16));
  }
  close(probe);

  const int set = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::size_t> left;
  for (int i = 0; i < run.connections; ++i) {
    const int fd = Connect(run.port);
    if (left.size() <= static_cast<std::size_t>(fd)) left.resize(static_cast<std::size_t>(fd) + 1);
    left[static_cast<std::size_t>(fd)] = size;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.fd = fd;
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    if (write(fd, request.data(), request.size()) < 0) return 1;
  }
  std::array<epoll_event, 64> events;
  for (bool more = true; more;) {
    const int count = epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got <= 0) return 1;
      std::size_t& rest = left[static_cast<std::size_t>(fd)];
      rest -= static_cast<std::size_t>(got);
      if (rest != 0) continue;
      rest = size;
      more = run.Count() && more;
      if (send(fd, request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return 1;
    }
  }
  return run.Report();
}
