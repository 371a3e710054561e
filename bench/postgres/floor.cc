// SPDX-License-Identifier: Apache-2.0

// The limit for clients on libpq: what postgres_queries does, with the same output, by a bare loop. It has one epoll set and, for each query, one
// write, one read and one result, without fibers, contexts, a pool, types, or anybody who could cancel.
//
//   postgres_floor CONNINFO CALLERS POOL SECONDS

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRows = 10000;

double CpuMicroseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

[[noreturn]] void Fail(const char* text) {
  std::fprintf(stderr, "postgres_floor: %s\n", text);
  std::exit(1);
}

struct Caller {
  int key;
  Clock::time_point begin;
};

struct Connection {
  PGconn* raw;
  Caller caller;

  void Send() {
    const std::string key = std::to_string(caller.key);
    const char* values[] = {key.c_str()};
    if (PQsendQueryPrepared(raw, "one", 1, values, nullptr, nullptr, 0) != 1 || PQflush(raw) != 0) Fail(PQerrorMessage(raw));
  }
  // False: the result is not complete yet.
  bool Receive() {
    if (PQconsumeInput(raw) != 1) Fail(PQerrorMessage(raw));
    for (;;) {
      if (PQisBusy(raw) != 0) return false;
      PGresult* result = PQgetResult(raw);
      if (result == nullptr) return true;
      if (PQntuples(result) != 1 || PQgetvalue(result, 0, 0) != "item " + std::to_string(caller.key)) Fail("a wrong row");
      PQclear(result);
    }
  }
};

class Load {
 public:
  Load(const char* conninfo, int callers, int pool) : set_(epoll_create1(EPOLL_CLOEXEC)), connections_(static_cast<std::size_t>(pool)) {
    for (int i = 0; i < callers; ++i) waiting_.push_back({i, Clock::now()});
    for (Connection& connection : connections_) {
      connection.raw = PQconnectdb(conninfo);
      if (PQstatus(connection.raw) != CONNECTION_OK) Fail(PQerrorMessage(connection.raw));
      PQclear(PQprepare(connection.raw, "one", "select name from items where id = $1", 0, nullptr));
      PQsetnonblocking(connection.raw, 1);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLET;
      event.data.ptr = &connection;
      if (epoll_ctl(set_, EPOLL_CTL_ADD, PQsocket(connection.raw), &event) != 0) Fail("epoll_ctl");
      SendNext(connection);
    }
  }
  ~Load() {
    for (const Connection& connection : connections_) PQfinish(connection.raw);
    close(set_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // The latencies, in microseconds.
  std::vector<double> Run(Clock::duration length) {
    std::vector<double> latencies;
    for (const Clock::time_point end = Clock::now() + length; Clock::now() < end;) {
      epoll_event events[64];
      const int count = epoll_wait(set_, events, 64, -1);
      for (int i = 0; i < count; ++i) {
        auto& connection = *static_cast<Connection*>(events[i].data.ptr);
        if (!connection.Receive()) continue;
        const Caller done = connection.caller;
        const Clock::time_point now = Clock::now();
        latencies.push_back(std::chrono::duration<double, std::micro>(now - done.begin).count());
        waiting_.push_back({static_cast<int>((std::int64_t{done.key} * 7919 + 1) % kRows), now});
        SendNext(connection);
      }
    }
    return latencies;
  }

 private:
  void SendNext(Connection& connection) {
    connection.caller = waiting_.front();
    waiting_.pop_front();
    connection.Send();
  }

  const int set_;
  std::vector<Connection> connections_;
  std::deque<Caller> waiting_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  Load load(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  load.Run(std::chrono::milliseconds(300));
  const double cpu = CpuMicroseconds();
  const Clock::time_point begin = Clock::now();
  std::vector<double> latencies = load.Run(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(argv[4]))));
  const double used = CpuMicroseconds() - cpu, took = std::chrono::duration<double>(Clock::now() - begin).count();
  const std::size_t n = latencies.size();
  std::sort(latencies.begin(), latencies.end());
  std::printf("%zu %.2f %.0f %.0f %.0f\n", n, used / static_cast<double>(n), static_cast<double>(n) / took, latencies.at(n / 2), latencies.at(n * 99 / 100));
  return 0;
}
