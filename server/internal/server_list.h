// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SERVER_LIST_H_
#define WEFT_SERVER_INTERNAL_SERVER_LIST_H_

#include <functional>
#include <string_view>

#include <weft/server/internal/server_state.h>
#include <weft/server/internal/workers.h>

namespace weft::internal {

// A running server, as seen by code that lists all servers of the process.
struct ListedServer {
  ServerState& shared;
  Workers& workers;
  std::string_view bound;
};

// Keeps its server in the list while it lives.
class ServerListing {
 public:
  explicit ServerListing(const ListedServer& server);
  ~ServerListing();
  ServerListing(const ServerListing&) = delete;
  ServerListing& operator=(const ServerListing&) = delete;

 private:
  const ListedServer server_;
};

// From any thread, the oldest first. Under the lock of the list: no server ends meanwhile.
void ForEachServer(const std::function<void(const ListedServer&)>& see);

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SERVER_LIST_H_
