// SPDX-License-Identifier: Apache-2.0
#include <weft/server/server_stats.h>

#include <algorithm>

#include <weft/server/internal/server_list.h>

namespace weft {
namespace {

ServerStats StatsOf(const internal::ListedServer& server) {
  ServerStats stats;
  stats.name = server.shared.options.name;
  stats.bound = server.bound;
  stats.draining = server.shared.draining.load(std::memory_order_relaxed);
  stats.connections = static_cast<std::uint64_t>(std::max<std::int64_t>(server.shared.open_connections.load(std::memory_order_relaxed), 0));
  server.workers.ForEach([&](internal::Worker& worker) {
    const internal::InFlight& slots = worker.shard().slots();
    stats.requests += slots.Short();
    stats.long_lived += slots.LongLived();
    stats.queued += slots.Queued();
  });
  const internal::ServerLimits& limits = server.workers.limits();
  stats.connections_max = limits.connections;
  stats.requests_max = limits.requests;
  stats.long_lived_max = limits.long_lived;
  stats.queued_max = limits.queued_requests;
  return stats;
}

}  // namespace

std::vector<ServerStats> ListServers() {
  std::vector<ServerStats> all;
  internal::ForEachServer([&](const internal::ListedServer& server) { all.push_back(StatsOf(server)); });
  return all;
}

}  // namespace weft
