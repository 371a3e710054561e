// SPDX-License-Identifier: Apache-2.0
// The limit against which the table's ratios are taken: one thread, one edge-triggered epoll set, one read and one write
// for each request, and no parsing. Whatever contains the end of a request head is answered with the same bytes, so
// nothing that a real HTTP server must do (framing, limits, timeouts, a clock) is paid for here.

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 13\r\n"
    "\r\n"
    "Hello, World!";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kAnswersPerWrite = 64;

class Floor {
 public:
  explicit Floor(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)), input_(64 * 1024) {
    if (epoll_ < 0) weft::bench::Die("epoll_create1");
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    matched_.resize(limit.rlim_cur);
    for (std::size_t i = 0; i < kAnswersPerWrite; ++i) answers_ += kAnswer;
    Register(listener_);
  }

  [[noreturn]] void Serve() {
    std::vector<epoll_event> events(512);
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
          AcceptAll();
        } else if (!Answer(event.data.fd) || (event.events & EPOLLRDHUP) != 0) {
          close(event.data.fd);
        }
      }
    }
  }

 private:
  void Register(int fd) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) weft::bench::Die("epoll_ctl");
  }

  void AcceptAll() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      matched_[static_cast<std::size_t>(fd)] = 0;
      Register(fd);
    }
  }

  // Reads what is there and answers it. False when the connection is to be closed.
  bool Answer(int fd) {
    ssize_t got = 0;
    do {
      got = read(fd, input_.data(), input_.size());
      if (got <= 0) return got < 0 && errno == EAGAIN;
      std::size_t wanted = HeadsEnded(fd, {input_.data(), static_cast<std::size_t>(got)});
      while (wanted > 0) {
        const std::size_t batch = std::min(wanted, kAnswersPerWrite);
        const auto bytes = static_cast<ssize_t>(batch * kAnswer.size());
        // A client that does not read its answers is cut off: the floor holds nothing back for a later write.
        if (send(fd, answers_.data(), static_cast<std::size_t>(bytes), MSG_NOSIGNAL) != bytes) return false;
        wanted -= batch;
      }
    } while (static_cast<std::size_t>(got) == input_.size());
    return true;
  }

  // Counts the request heads that end in these bytes; one that began in an earlier read is counted where it ends.
  std::size_t HeadsEnded(int fd, std::string_view bytes) {
    std::uint8_t& matched = matched_[static_cast<std::size_t>(fd)];
    std::size_t ended = 0;
    while (!bytes.empty()) {
      if (matched == 0) {
        const std::size_t next = bytes.find(kHeadEnd);
        if (next != std::string_view::npos) {
          ++ended;
          bytes.remove_prefix(next + kHeadEnd.size());
          continue;
        }
        bytes.remove_prefix(bytes.size() - std::min(bytes.size(), kHeadEnd.size() - 1));
      }
      for (; !bytes.empty(); bytes.remove_prefix(1)) {
        matched = bytes[0] == kHeadEnd[matched] ? matched + 1 : (bytes[0] == '\r' ? 1 : 0);
        if (matched == kHeadEnd.size()) {
          ++ended;
          matched = 0;
          bytes.remove_prefix(1);
          break;
        }
      }
    }
    return ended;
  }

  int listener_;
  int epoll_;
  std::vector<char> input_;
  std::vector<std::uint8_t> matched_;  // by descriptor: how many bytes of a head's end were the last ones read
  std::string answers_;
};

}  // namespace

int main(int argc, char** argv) {
  const sockaddr_in address = weft::bench::AddressFromArguments(argc, argv);
  weft::bench::RaiseDescriptorLimit();
  Floor(weft::bench::Listen(address)).Serve();
}
