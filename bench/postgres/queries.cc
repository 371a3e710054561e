// SPDX-License-Identifier: Apache-2.0

// One-row queries by key through weft's pool: what bench/peers/gopgx does, and with the same output: queries, CPU of this process in
// microseconds for each, queries a second, and the microseconds of the median and of the 99th percentile.
//
//   postgres_queries CONNINFO FIBERS POOL SECONDS

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <weft/clients/postgres/pool.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/time.h>

namespace {

constexpr int kRows = 10000;

double CpuMicroseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// All fibers are on one loop.
struct Measurement {
  bool measuring = false, stopping = false;
  std::vector<weft::Duration> latencies;
};

weft::Error Ask(const weft::Context& ctx, weft::postgres::Pool& db, int first, Measurement& m) {
  for (int key = first; !m.stopping; key = static_cast<int>((std::int64_t{key} * 7919 + 1) % kRows)) {
    const weft::TimePoint begin = weft::Now();
    const weft::Result<std::optional<std::string>> name = db.QueryOne<std::string>(ctx, "select name from items where id = $1", key);
    if (weft::Error err = name.Err()) return err;
    if (*name != "item " + std::to_string(key)) return weft::Error::New("a wrong row");
    if (m.measuring) m.latencies.push_back(weft::Now() - begin);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int fibers = std::atoi(argv[2]);
  const auto seconds = std::chrono::duration_cast<weft::Duration>(std::chrono::duration<double>(std::atof(argv[4])));
  weft::RunOptions options;
  options.loops = 1;
  const weft::Error err = weft::Run(weft::Background(), options, [&](const weft::Context& ctx) -> weft::Error {
    weft::postgres::Pool db({.conninfo = argv[1], .connections_max = static_cast<std::uint32_t>(std::atoi(argv[3]))});
    Measurement m;
    weft::Group group(ctx);
    for (int i = 0; i < fibers; ++i) group.Go([&, i](const weft::Context& c) { return Ask(c, db, i, m); });
    if (weft::Error e = weft::Sleep(group.Ctx(), std::chrono::milliseconds(300))) return group.Wait();
    const double cpu = CpuMicroseconds();
    const weft::TimePoint begin = weft::Now();
    m.measuring = true;
    (void)weft::Sleep(group.Ctx(), seconds);
    m.measuring = false;
    const double used = CpuMicroseconds() - cpu, took = std::chrono::duration<double>(weft::Now() - begin).count();
    m.stopping = true;
    if (weft::Error e = group.Wait()) return e;
    std::sort(m.latencies.begin(), m.latencies.end());
    const std::size_t n = m.latencies.size();
    const auto us = [&](std::size_t i) { return std::chrono::duration<double, std::micro>(m.latencies.at(i)).count(); };
    std::printf("%zu %.2f %.0f %.0f %.0f\n", n, used / static_cast<double>(n), static_cast<double>(n) / took, us(n / 2), us(n * 99 / 100));
    return {};
  });
  if (err) std::fprintf(stderr, "postgres_queries: %s\n", err.Message().c_str());
  return err ? 1 : 0;
}
