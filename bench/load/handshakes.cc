// SPDX-License-Identifier: Apache-2.0
#include "load/handshakes.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/address.h"
#include "load/histogram.h"
#include "load/process_probe.h"
#include "load/response_reader.h"
#include "load/tls.h"

namespace weft::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{2};  // with those that are on their way at the end

class OpenLoop {
 public:
  explicit OpenLoop(const Options& options)
      : options_(options),
        request_(BuildRequest(options)),
        every_(1'000'000'000 / options.handshakes),
        total_(static_cast<std::uint64_t>(options.seconds.count() * options.handshakes)) {}

  int Run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    Watch(timer_, EPOLLIN);
    const itimerspec ticks{{every_.count() / 1'000'000'000, every_.count() % 1'000'000'000}, {0, 1}};
    if (epoll_ < 0 || timer_ < 0 || timerfd_settime(timer_, 0, &ticks, nullptr) != 0) Die("timer");
    begin_ = Clock::now();
    const auto cpu_before = CpuTime(options_.processes);
    Clock::time_point end = Clock::time_point::max();
    while (started_ < total_ || (!open_.empty() && Clock::now() < end)) {
      TakeEvents();
      if (started_ == total_ && end == Clock::time_point::max()) end = Clock::now() + kPatience;
    }
    Report(CpuTime(options_.processes) - cpu_before);
    return failed_ + open_.size() > 0 ? 1 : 0;
  }

 private:
  struct Connection {
    Connection(HeadCache& cache, Clock::time_point at) : due(at), reader(cache) {}
    Clock::time_point due;
    ResponseReader reader;
    ssl_st* tls = nullptr;
    bool asked = false;
  };

  void Watch(int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
  }

  void TakeEvents() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      fd == timer_ ? StartThoseDue() : GoOn(fd);
    }
  }

  // Those that this program is late with have been due since their time.
  void StartThoseDue() {
    std::uint64_t ticks = 0;
    if (read(timer_, &ticks, sizeof ticks) != sizeof ticks) return;
    for (; ticks > 0 && started_ < total_; --ticks) Start(begin_ + every_ * started_++);
  }

  void Start(Clock::time_point due) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) Die("socket");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&options_.address), sizeof options_.address) != 0 && errno != EINPROGRESS) {
      ++failed_;
      close(fd);
      return;
    }
    const auto made = open_.emplace(fd, std::make_unique<Connection>(cache_, due)).first;
    made->second->tls = BeginTls(fd);
    together_ = std::max(together_, open_.size());
    Watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
  }

  void GoOn(int fd) {
    Connection& connection = *open_.at(fd);
    if (!connection.asked) {
      const TlsStep step = StepTls(connection.tls);
      if (step == TlsStep::kFailed) return End(fd, false);
      if (step == TlsStep::kWaits) return;
      connection.asked = true;
      if (SendTls(connection.tls, request_.data(), request_.size()) <= 0) return End(fd, false);
    }
    std::array<char, 16 * 1024> input;
    while (true) {
      const ssize_t got = ReceiveTls(connection.tls, input.data(), input.size());
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return End(fd, false);
      const auto tally = connection.reader.Consume({input.data(), static_cast<std::size_t>(got)});
      if (tally.broken || tally.failed > 0) return End(fd, false);
      if (tally.complete > 0) return End(fd, true);
    }
  }

  void End(int fd, bool served) {
    Connection& connection = *open_.at(fd);
    if (served) latency_.Add(static_cast<std::uint64_t>((Clock::now() - connection.due).count()));
    ++(served ? served_ : failed_);
    EndTls(connection.tls);
    close(fd);
    open_.erase(fd);
  }

  void Report(std::chrono::nanoseconds cpu) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    const double used = std::chrono::duration<double>(cpu).count();
    const auto micros = [](std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; };
    std::printf("handshakes=%llu failed=%llu seconds=%.3f together=%zu cpu_us=%.1f busy=%.2f p50_us=%.0f p99_us=%.0f max_us=%.0f\n",
                static_cast<unsigned long long>(served_), static_cast<unsigned long long>(failed_ + open_.size()), seconds, together_,
                served_ > 0 ? used * 1e6 / static_cast<double>(served_) : 0, used / seconds, micros(latency_.Quantile(0.5)),
                micros(latency_.Quantile(0.99)), micros(latency_.Max()));
  }

  const Options& options_;
  const std::string request_;
  const std::chrono::nanoseconds every_;
  const std::uint64_t total_;
  int epoll_ = -1;
  int timer_ = -1;
  Clock::time_point begin_{};
  HeadCache cache_;
  std::unordered_map<int, std::unique_ptr<Connection>> open_;
  std::size_t together_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t served_ = 0;
  std::uint64_t failed_ = 0;
  Histogram latency_;
};

}  // namespace

int RunHandshakes(const Options& options) { return OpenLoop(options).Run(); }

}  // namespace weft::bench
