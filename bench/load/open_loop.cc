// SPDX-License-Identifier: Apache-2.0
#include "load/open_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"
#include "load/connect.h"
#include "load/histogram.h"
#include "load/response_reader.h"

namespace weft::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLateMax = 1'000'000;  // a server that is this far behind is not worth more memory

enum Kind : std::uint8_t { kQuick, kOther };

struct Arrival {
  Clock::time_point due;
  Kind kind;
};

struct Connection {
  int fd;
  ResponseReader reader;
  Arrival sent{};
  bool busy = false;
};

class OpenLoop {
 public:
  explicit OpenLoop(const Options& options) : options_(options), gaps_(options.open > 0 ? options.open : 1.0) {
    requests_[kQuick] = BuildRequest(options);
    Options other = options;
    other.path = options.other_path;
    requests_[kOther] = BuildRequest(other);
  }

  int Run() {
    Open();
    begun_ = Clock::now();
    counts_ = begun_ + std::chrono::duration_cast<Clock::duration>(options_.warmup);
    const Clock::time_point end = counts_ + std::chrono::duration_cast<Clock::duration>(options_.seconds);
    next_ = begun_;
    for (Clock::time_point now = begun_; now < end; now = Clock::now()) {
      Admit(now);
      TakeResponses(0);
    }
    const std::size_t late = waiting_.size();
    waiting_.clear();
    DrainFor(std::chrono::seconds(2));
    Report(std::chrono::duration<double>(options_.seconds).count(), late);
    return errors_ > 0 ? 1 : 0;
  }

 private:
  void Open() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < options_.connections; ++i) {
      connections_.push_back({Connect(options_), ResponseReader(cache_)});
      fcntl(connections_.back().fd, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
      event.data.u64 = static_cast<std::uint64_t>(i);
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back().fd, &event) != 0) Die("epoll_ctl");
      idle_.push_back(static_cast<std::size_t>(i));
    }
  }

  // Sends what is due, in order.
  void Admit(Clock::time_point now) {
    if (options_.open == 0) {
      while (!idle_.empty()) Send({now, KindOfNext()});
      return;
    }
    for (; next_ <= now && waiting_.size() < kLateMax; next_ += Gap()) waiting_.push_back({next_, KindOfNext()});
    while (!waiting_.empty() && !idle_.empty()) {
      Send(waiting_.front());
      waiting_.pop_front();
    }
  }

  Clock::duration Gap() { return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gaps_(random_))); }
  Kind KindOfNext() { return share_(random_) < options_.other_share ? kOther : kQuick; }

  void Send(const Arrival& arrival) {
    Connection& connection = connections_[idle_.front()];
    idle_.pop_front();
    connection.sent = arrival;
    connection.busy = true;
    ++busy_;
    const std::string& request = requests_[arrival.kind];
    // A request is far smaller than the empty buffer of an idle connection.
    if (send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) Die("send");
  }

  void TakeResponses(int timeout_ms) {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
    for (int i = 0; i < count; ++i) Receive(static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64));
  }

  void Receive(std::size_t index) {
    Connection& connection = connections_[index];
    std::array<char, 16 * 1024> input;
    for (;;) {
      const ssize_t got = recv(connection.fd, input.data(), input.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) Die("a connection was closed");
      const auto tally = connection.reader.Consume({input.data(), static_cast<std::size_t>(got)});
      if (tally.broken || tally.complete > static_cast<int>(connection.busy)) Die("a response that nobody asked for");
      errors_ += static_cast<std::uint64_t>(tally.failed);
      if (tally.complete == 1) Finish(connection, index);
      if (static_cast<std::size_t>(got) < input.size()) return;
    }
  }

  void Finish(Connection& connection, std::size_t index) {
    connection.busy = false;
    --busy_;
    idle_.push_back(index);
    if (connection.sent.due < counts_) return;
    latency_[connection.sent.kind].Add(static_cast<std::uint64_t>((Clock::now() - connection.sent.due).count()));
    ++answered_[connection.sent.kind];
  }

  // What is on its way when the window ends counts, too.
  void DrainFor(Clock::duration patience) {
    const Clock::time_point end = Clock::now() + patience;
    while (busy_ > 0 && Clock::now() < end) TakeResponses(1);
    errors_ += static_cast<std::uint64_t>(busy_);
  }

  void Report(double seconds, std::size_t late) const {
    const std::uint64_t all = answered_[kQuick] + answered_[kOther];
    std::printf("rps=%.0f requests=%llu errors=%llu late=%zu", static_cast<double>(all) / seconds, static_cast<unsigned long long>(all),
                static_cast<unsigned long long>(errors_), late);
    for (const Kind kind : {kQuick, kOther}) {
      const char* const prefix = kind == kQuick ? "" : "other_";
      const Histogram& of = latency_[kind];
      const auto micros = [](std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; };
      std::printf(" %sp50_us=%.0f %sp99_us=%.0f %sp999_us=%.0f %smax_us=%.0f", prefix, micros(of.Quantile(0.5)), prefix,
                  micros(of.Quantile(0.99)), prefix, micros(of.Quantile(0.999)), prefix, micros(of.Max()));
    }
    std::printf("\n");
  }

  const Options& options_;
  std::array<std::string, 2> requests_;
  HeadCache cache_;
  std::vector<Connection> connections_;
  std::deque<std::size_t> idle_;   // the one that has been idle for longest comes first, so that all are used
  std::deque<Arrival> waiting_;    // due, and no connection is idle
  std::mt19937_64 random_{1};
  std::exponential_distribution<double> gaps_;
  std::uniform_real_distribution<double> share_{0, 100};
  Clock::time_point begun_, counts_, next_;
  int epoll_ = -1;
  int busy_ = 0;
  std::uint64_t errors_ = 0;
  std::array<std::uint64_t, 2> answered_{};
  std::array<Histogram, 2> latency_;
};

}  // namespace

int RunOpenLoop(const Options& options) { return OpenLoop(options).Run(); }

}  // namespace weft::bench
