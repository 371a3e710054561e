// SPDX-License-Identifier: Apache-2.0
#include "load/closed_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/address.h"
#include "load/beside.h"
#include "load/connect.h"
#include "load/histogram.h"
#include "load/process_probe.h"
#include "load/response_reader.h"
#include "load/tls.h"

namespace weft::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Of a body that is longer, the kernel throws the bytes away instead of copying them (MSG_TRUNC), so that large answers cost the
// load less than the server.
constexpr std::uint64_t kSkipMin = 16 * 1024;
constexpr std::uint64_t kSkipMax = 1 << 30;
constexpr std::uint64_t kBeside = ~std::uint64_t{0};  // in an event, instead of the number of a connection

struct Connection {
  int fd;
  ssl_st* tls;  // null: plain text
  ResponseReader reader;
  std::size_t unsent = 0;  // bytes of the batch that the socket has not taken yet
  int outstanding = 0;     // answers of the batch that have not come yet
  bool busy = false;       // whether there are any
  Clock::time_point sent_at{};
};

class ClosedLoop {
 public:
  explicit ClosedLoop(const Options& options) : options_(options), input_(256 * 1024) {
    for (int i = 0; i < options.pipeline; ++i) batch_ += BuildRequest(options);
  }

  int Run() {
    Open();
    Turn(std::chrono::duration_cast<Clock::duration>(options_.warmup), 0);
    counting_ = true;
    answers_ = 0;
    const auto cpu_before = QuietCpuTime();
    const Clock::duration window = options_.requests > 0
                                       ? Turn(std::chrono::hours(1), options_.requests)
                                       : Turn(std::chrono::duration_cast<Clock::duration>(options_.seconds), 0);
    Report(window, QuietCpuTime() - cpu_before);
    return errors_ > 0 || (beside_ && beside_->Errors() > 0) ? 1 : 0;
  }

 private:
  void Open() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    connections_.reserve(static_cast<std::size_t>(options_.connections));
    for (int i = 0; i < options_.connections; ++i) {
      const int fd = Connect(options_);
      connections_.push_back({fd, options_.tls ? StartTls(fd) : nullptr, ResponseReader(cache_)});
      Connection& connection = connections_.back();
      fcntl(connection.fd, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
      event.data.u64 = static_cast<std::uint64_t>(i);
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) Die("epoll_ctl");
    }
    alive_ = options_.connections;
    if (options_.beside.empty()) return;
    beside_.emplace(options_);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.u64 = kBeside;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, beside_->Descriptor(), &event) != 0) Die("epoll_ctl");
  }

  // Keeps the connections busy for a time, or until the answers are there when a number is given; then takes the answers
  // that are still on their way, for two seconds at most. Returns how long all that took.
  Clock::duration Turn(Clock::duration length, std::uint64_t answers_wanted) {
    const Clock::time_point began = Clock::now();
    Clock::time_point end = began + length;
    sending_ = true;
    for (Connection& connection : connections_) {
      if (connection.fd >= 0) SendBatch(connection, Clock::now());
    }
    while (alive_ > 0 && (sending_ || busy_ > 0)) {
      TakeEvents();
      const Clock::time_point now = Clock::now();
      if (beside_ && sending_) beside_->Turn(now);
      if (now < end && (answers_wanted == 0 || answers_ < answers_wanted || !sending_)) continue;
      if (!sending_) {
        errors_ += static_cast<std::uint64_t>(busy_);
        break;
      }
      sending_ = false;
      end = now + std::chrono::seconds(2);
    }
    return Clock::now() - began;
  }

  void TakeEvents() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), options_.spin ? 0 : 100);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kBeside) {
        beside_->OnReady();
        continue;
      }
      Connection& connection = connections_[event.data.u64];
      if (connection.fd >= 0 && connection.unsent > 0) SendRest(connection);
      if (connection.fd >= 0 && (event.events & ~static_cast<unsigned>(EPOLLOUT)) != 0) Receive(connection);
    }
  }

  // The kernel adds up a thread's time when it sleeps and at each tick. Nothing is on its way here, so after a moment the
  // server sleeps and the figure is exact; in mid-flight it would be off by up to a tick.
  std::chrono::nanoseconds QuietCpuTime() const {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return CpuTime(options_.processes);
  }

  void SendBatch(Connection& connection, Clock::time_point now) {
    SetBusy(connection, true);
    connection.sent_at = now;
    connection.outstanding = options_.pipeline;
    connection.unsent = batch_.size();
    SendRest(connection);
  }

  void SendRest(Connection& connection) {
    const char* rest = batch_.data() + (batch_.size() - connection.unsent);
    const ssize_t sent = connection.tls != nullptr ? SendTls(connection.tls, rest, connection.unsent)
                                                   : send(connection.fd, rest, connection.unsent, MSG_NOSIGNAL);
    if (sent > 0) {
      connection.unsent -= static_cast<std::size_t>(sent);
    } else if (errno != EAGAIN) {
      Lose(connection);
    }
  }

  void Receive(Connection& connection) {
    while (connection.fd >= 0) {
      const bool tls = connection.tls != nullptr;
      const std::uint64_t skippable = tls ? 0 : connection.reader.Skippable();
      const bool skip = skippable >= kSkipMin;
      const std::size_t room = skip ? static_cast<std::size_t>(std::min(skippable, kSkipMax)) : input_.size();
      const ssize_t got = tls ? ReceiveTls(connection.tls, input_.data(), room)
                              : recv(connection.fd, input_.data(), room, skip ? MSG_TRUNC : 0);
      if (got <= 0) {
        if (got == 0 || errno != EAGAIN) Lose(connection);
        return;
      }
      if (skip) {
        connection.reader.Skip(static_cast<std::uint64_t>(got));
      } else {
        Take(connection, {input_.data(), static_cast<std::size_t>(got)});
      }
      if (!tls && static_cast<std::size_t>(got) < room) return;
    }
  }

  void Take(Connection& connection, std::string_view bytes) {
    const auto tally = connection.reader.Consume(bytes);
    const Clock::time_point now = Clock::now();
    if (counting_) {
      const auto took = static_cast<std::uint64_t>((now - connection.sent_at).count());
      for (int i = 0; i < tally.complete; ++i) latency_.Add(took);
    }
    answers_ += static_cast<std::uint64_t>(tally.complete);
    errors_ += static_cast<std::uint64_t>(tally.failed);
    connection.outstanding -= tally.complete;
    if (tally.broken || connection.outstanding < 0) return Lose(connection);
    if (connection.outstanding == 0) {
      SetBusy(connection, false);
      if (sending_) SendBatch(connection, now);
    }
  }

  void Lose(Connection& connection) {
    if (connection.fd < 0) return;
    close(connection.fd);
    connection.fd = -1;
    SetBusy(connection, false);
    ++errors_;
    --alive_;
  }

  void SetBusy(Connection& connection, bool busy) {
    busy_ += static_cast<int>(busy) - static_cast<int>(connection.busy);
    connection.busy = busy;
  }

  void Report(Clock::duration window, std::chrono::nanoseconds cpu) const {
    const double seconds = std::chrono::duration<double>(window).count();
    const double cpu_us = std::chrono::duration<double, std::micro>(cpu).count();
    const auto answers = static_cast<double>(answers_);
    std::printf("requests=%llu seconds=%.3f rps=%.0f cpu_us=%.3f busy=%.3f p50_us=%.1f p99_us=%.1f max_us=%.1f errors=%llu\n",
                static_cast<unsigned long long>(answers_), seconds, answers / seconds, answers_ > 0 ? cpu_us / answers : 0.0,
                cpu_us / 1e6 / seconds, static_cast<double>(latency_.Quantile(0.5)) / 1e3,
                static_cast<double>(latency_.Quantile(0.99)) / 1e3, static_cast<double>(latency_.Max()) / 1e3,
                static_cast<unsigned long long>(errors_));
    if (!beside_) return;
    std::printf("beside=%llu beside_p50_us=%.1f beside_p99_us=%.1f\n", static_cast<unsigned long long>(beside_->Answers()),
                static_cast<double>(beside_->Latency().Quantile(0.5)) / 1e3, static_cast<double>(beside_->Latency().Quantile(0.99)) / 1e3);
  }

  const Options& options_;
  std::string batch_;
  std::vector<char> input_;
  HeadCache cache_;
  std::vector<Connection> connections_;
  std::optional<Beside> beside_;
  int epoll_ = -1;
  int alive_ = 0;  // connections that are open
  int busy_ = 0;   // those of them that await an answer
  bool sending_ = false;
  bool counting_ = false;
  std::uint64_t answers_ = 0;
  std::uint64_t errors_ = 0;
  Histogram latency_;
};

}  // namespace

int RunClosedLoop(const Options& options) { return ClosedLoop(options).Run(); }

}  // namespace weft::bench
