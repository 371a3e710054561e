// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_SERVER_STATS_H_
#define WEFT_SERVER_SERVER_STATS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace weft {

// The current figures of a server, and its limits.
struct ServerStats {
  std::string name;       // ServerOptions::name
  std::string bound;      // "http://127.0.0.1:8080"
  bool draining = false;  // whether it has stopped accepting

  std::uint64_t connections = 0;  // open ones
  std::uint64_t requests = 0;     // in handlers, without the long-lived ones
  std::uint64_t long_lived = 0;   // in handlers, and long-lived
  std::uint64_t queued = 0;       // that wait for a slot

  // The limits in effect, for all loops together. Where the options leave them open, they follow
  // from memory and descriptors.
  std::uint64_t connections_max = 0;
  std::uint64_t requests_max = 0;
  std::uint64_t long_lived_max = 0;
  std::uint64_t queued_max = 0;
};

// All servers of the process that are serving, the oldest first. From any fiber or thread. Takes
// some microseconds, and never suspends.
//
//   for (const weft::ServerStats& server : weft::ListServers()) {
//     std::printf("%s: %ju requests\n", server.bound.c_str(), std::uintmax_t{server.requests});
//   }
std::vector<ServerStats> ListServers();

}  // namespace weft

#endif  // WEFT_SERVER_SERVER_STATS_H_
