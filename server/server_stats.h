// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_SERVER_STATS_H_
#define WEFT_SERVER_SERVER_STATS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace weft {

// What a server has at the moment of asking, and how much it takes.
struct ServerStats {
  std::string name;       // ServerOptions::name
  std::string bound;      // "http://127.0.0.1:8080"
  bool draining = false;  // it accepts nobody any more

  std::uint64_t connections = 0;  // that are open
  std::uint64_t requests = 0;     // in handlers, without the long-lived ones
  std::uint64_t long_lived = 0;   // in handlers, and long-lived
  std::uint64_t queued = 0;       // that wait for a slot

  // The limits that hold, where options leave them open by memory and descriptors; of all loops together.
  std::uint64_t connections_max = 0;
  std::uint64_t requests_max = 0;
  std::uint64_t long_lived_max = 0;
  std::uint64_t queued_max = 0;
};

// All servers of the process that serve, the oldest first. From anywhere; takes some microseconds and never suspends.
std::vector<ServerStats> ListServers();

}  // namespace weft

#endif  // WEFT_SERVER_SERVER_STATS_H_
