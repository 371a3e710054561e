// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/server_list.h>

#include <mutex>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {
namespace {

// Never destroyed: servers may end during static destruction.
struct List {
  ThreadMutex lock;
  std::vector<const ListedServer*> servers WEFT_GUARDED_BY(lock);
};
List& TheList() {
  static auto* list = new List;
  return *list;
}

}  // namespace

ServerListing::ServerListing(const ListedServer& server) : server_(server) {
  std::lock_guard hold(TheList().lock);
  TheList().servers.push_back(&server_);
}

ServerListing::~ServerListing() {
  std::lock_guard hold(TheList().lock);
  std::erase(TheList().servers, &server_);
}

void ForEachServer(const std::function<void(const ListedServer&)>& see) {
  std::lock_guard hold(TheList().lock);
  for (const ListedServer* server : TheList().servers) see(*server);
}

}  // namespace weft::internal
