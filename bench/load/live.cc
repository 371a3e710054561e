// SPDX-License-Identifier: Apache-2.0
//
// Load for connections that live long, by one thread: WebSockets that echo, WebSockets and streams of events that are held, and clients that
// stop to read. Prints "name=value" pairs on one line.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"
#include "load/process_probe.h"

namespace {

using namespace weft::bench;
using Clock = std::chrono::steady_clock;

struct Arguments {
  std::string mode, path = "/echo";
  sockaddr_in address{};
  std::vector<pid_t> pids;
  int connections = 64;
  int bytes = 128;
  double seconds = 3;
};

Arguments Parse(int argc, char** argv) {
  Arguments all;
  if (argc < 2) {
    std::fputs("usage: live echo|hold|events|silent --address HOST:PORT --pid PID [--connections N] [--bytes N] [--seconds N] [--path PATH]\n", stderr);
    std::exit(2);
  }
  all.mode = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--address") all.address = ParseAddress(argv[i + 1]);
    if (name == "--pid") all.pids.push_back(static_cast<pid_t>(std::atoi(argv[i + 1])));
    if (name == "--connections") all.connections = std::atoi(argv[i + 1]);
    if (name == "--bytes") all.bytes = std::atoi(argv[i + 1]);
    if (name == "--seconds") all.seconds = std::atof(argv[i + 1]);
    if (name == "--path") all.path = argv[i + 1];
  }
  return all;
}

// `small`: the kernel keeps little of what is not read.
int Dial(const sockaddr_in& address, bool small = false) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int bytes = 4096;
  if (small && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) Die("SO_RCVBUF");
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("connect");
  return fd;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) Die("send");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Reads up to and with `end`.
void ReadUntil(int fd, std::string_view end) {
  std::string got;
  char byte;
  while (!got.ends_with(end)) {
    if (recv(fd, &byte, 1, 0) != 1) Die("the server has closed after \"" + got + "\"");
    got.push_back(byte);
  }
}

std::string Get(const Arguments& all, std::string_view fields) {
  return "GET " + all.path + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

int OpenWebSocket(const Arguments& all, bool small = false) {
  const int fd = Dial(all.address, small);
  SendAll(fd, Get(all, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  ReadUntil(fd, "\r\n\r\n");
  return fd;
}

// A masked message of up to 65,535 bytes; the key is zero, so the payload is as it is.
std::string Message(int bytes) {
  std::string frame = "\x82";
  if (bytes < 126) {
    frame.push_back(static_cast<char>(0x80 | bytes));
  } else {
    frame.append({static_cast<char>(0xfe), static_cast<char>(bytes >> 8), static_cast<char>(bytes & 0xff)});
  }
  return frame.append(4, '\0').append(static_cast<std::size_t>(bytes), 'x');
}

double Microseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1000; }

// Each connection sends a message when it has the last one back.
void Echo(const Arguments& all) {
  const std::string message = Message(all.bytes);
  const std::size_t whole = message.size() - 4;
  const int epoll = epoll_create1(0);
  std::vector<std::size_t> got(1'000'000);
  for (int i = 0; i < all.connections; ++i) {
    const int fd = OpenWebSocket(all);
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    SendAll(fd, message);
  }
  std::uint64_t count = 0;
  std::vector<char> buffer(1 << 16);
  const auto run = [&](double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    count = 0;
    while (Clock::now() < end) {
      epoll_event events[256];
      const int n = epoll_wait(epoll, events, 256, 100);
      for (int i = 0; i < n; ++i) {
        const int fd = events[i].data.fd;
        const ssize_t bytes = recv(fd, buffer.data(), buffer.size(), 0);
        if (bytes <= 0) Die("recv");
        std::size_t& have = got[static_cast<std::size_t>(fd)];
        for (have += static_cast<std::size_t>(bytes); have >= whole; have -= whole) {
          ++count;
          SendAll(fd, message);
        }
      }
    }
  };
  run(0.3);
  const auto before = CpuTime(all.pids);
  const auto begin = Clock::now();
  run(all.seconds);
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("messages_per_s=%.0f cpu_us=%.3f\n", static_cast<double>(count) / took, Microseconds(CpuTime(all.pids) - before) / static_cast<double>(count));
}

// Opens many, each with one message there and back, and tells what they take.
void Hold(const Arguments& all) {
  const std::string message = Message(all.bytes);
  const auto open = [&](int n) {
    for (int i = 0; i < n; ++i) {
      const int fd = OpenWebSocket(all);
      SendAll(fd, message);
      std::vector<char> back(message.size() - 4);
      if (recv(fd, back.data(), back.size(), MSG_WAITALL) != static_cast<ssize_t>(back.size())) Die("recv");
    }
    WaitUntilQuiet(all.pids);
  };
  const int first = all.connections / 10;
  open(first);
  const std::uint64_t before = ResidentBytes(all.pids);
  open(all.connections - first);
  std::printf("bytes_each=%.0f\n", static_cast<double>(ResidentBytes(all.pids) - before) / (all.connections - first));
}

// What arrives at the connections of Events. Each of them is read as soon as the kernel says so, the polite one's first: what the load itself takes
// is not the server's.
class Crowd {
 public:
  explicit Crowd(const Arguments& all) : all_(all), polite_(Add(Dial(all.address))), control_(Add(Dial(all.address))) {}

  void Open(int n) {
    const std::string get = Get(all_, "");
    for (int i = 0; i < n; ++i) {
      const int fd = Dial(all_.address);
      SendAll(fd, get);
      ReadUntil(fd, "\r\n\r\n");
      Add(fd);
    }
  }
  void Run(double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) Look();
  }
  // The response to a request that takes a while.
  std::string Ask(const std::string& path) {
    answer_.clear();
    SendAll(control_, GetOf(path));
    while (!answer_.ends_with("\n") || answer_.ends_with("\r\n")) Look();
    return answer_;
  }
  void Forget() {
    events_ = 0;
    waits_.clear();
  }
  std::uint64_t Count() const { return events_; }
  // Of the polite one, in milliseconds, the shortest first.
  std::vector<double> Waits() const {
    std::vector<double> sorted = waits_;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }

 private:
  int Add(int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    return fd;
  }
  std::string GetOf(const std::string& path) const {
    Arguments other = all_;
    other.path = path;
    return Get(other, "");
  }
  void Look() {
    if (!asked_ && Clock::now() - asked_at_ > std::chrono::milliseconds(5)) {
      asked_at_ = Clock::now();
      asked_ = true;
      SendAll(polite_, page_);
    }
    epoll_event ready[64];
    const int n = epoll_wait(epoll_, ready, 64, 1);
    for (int i = 0; i < n; ++i) {
      if (ready[i].data.fd != polite_) continue;
      Receive(polite_);
      waits_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - asked_at_).count());
      asked_ = false;
    }
    for (int i = 0; i < n; ++i) {
      if (ready[i].data.fd != polite_) Note(ready[i].data.fd, Receive(ready[i].data.fd));
    }
  }
  std::string_view Receive(int fd) {
    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) Die("recv");
    return {buffer_.data(), static_cast<std::size_t>(got)};
  }
  void Note(int fd, std::string_view text) {
    if (fd == control_) {
      answer_.append(text);
      return;
    }
    for (std::size_t at = text.find("data: "); at != text.npos; at = text.find("data: ", at + 1)) ++events_;
  }

  const Arguments& all_;
  const int epoll_ = epoll_create1(0);
  const int polite_;
  const int control_;
  const std::string page_ = GetOf("/");
  std::vector<char> buffer_ = std::vector<char>(1 << 16);
  bool asked_ = false;
  Clock::time_point asked_at_ = Clock::now();
  std::vector<double> waits_;
  std::uint64_t events_ = 0;
  std::string answer_;
};

// Many that get events, together with a polite client that asks for a small page all the time. No event is sent while they open. How long the
// loop is held at most is what bench/servers/events.cc says, in a run of its own.
void Events(const Arguments& all) {
  Crowd crowd(all);
  crowd.Open(all.connections / 10);
  crowd.Ask("/start");
  crowd.Run(1);  // what the first event takes once is there before anything is counted
  crowd.Ask("/stop");
  const std::uint64_t resident = ResidentBytes(all.pids);
  crowd.Open(all.connections - all.connections / 10);
  crowd.Ask("/start");
  crowd.Run(1);
  const double bytes = static_cast<double>(ResidentBytes(all.pids) - resident) / (all.connections - all.connections / 10);

  crowd.Forget();
  const auto before = CpuTime(all.pids);
  crowd.Run(all.seconds);
  const auto cpu = CpuTime(all.pids) - before;
  const std::vector<double> waits = crowd.Waits();
  const std::uint64_t events = crowd.Count();
  const std::string longest = crowd.Ask("/longest");
  std::printf("clients=%d events=%llu cpu_us=%.2f bytes_each=%.0f polite_p50_ms=%.2f polite_p99_ms=%.2f polite_max_ms=%.2f longest_piece_ms=%s", all.connections,
              static_cast<unsigned long long>(events), Microseconds(cpu) / static_cast<double>(events), bytes, waits[waits.size() / 2],
              waits[waits.size() * 99 / 100], waits.back(), longest.substr(longest.rfind('=') + 1).c_str());
}

// WebSockets that send and never read.
void Silent(const Arguments& all) {
  const std::string message = Message(all.bytes);
  const std::uint64_t resident = ResidentBytes(all.pids);
  std::vector<pollfd> polls;
  for (int i = 0; i < all.connections; ++i) polls.push_back({OpenWebSocket(all, true), POLLOUT, 0});
  std::uint64_t most = resident;
  int ended = 0;
  const auto end = Clock::now() + std::chrono::duration<double>(all.seconds);
  while (Clock::now() < end && ended < all.connections) {
    poll(polls.data(), polls.size(), 100);
    for (pollfd& one : polls) {
      if (one.fd < 0) continue;
      if ((one.revents & POLLOUT) != 0 && send(one.fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) continue;
      if ((one.revents & (POLLERR | POLLHUP)) == 0) continue;
      close(one.fd);
      one.fd = -1;
      ++ended;
    }
    most = std::max(most, ResidentBytes(all.pids));
    usleep(50'000);
  }
  std::printf("clients=%d ended=%d bytes_each_at_most=%.0f\n", all.connections, ended, static_cast<double>(most - resident) / all.connections);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments all = Parse(argc, argv);
  RaiseDescriptorLimit();
  if (all.mode == "echo") Echo(all);
  if (all.mode == "hold") Hold(all);
  if (all.mode == "events") Events(all);
  if (all.mode == "silent") Silent(all);
}
