// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_NAME_CACHE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_NAME_CACHE_H_

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/semaphore.h>
#include <weft/concurrency/singleflight.h>
#include <weft/net/internal/address.h>

namespace weft::internal {

// The addresses of names, in the order in which they are to be tried: looked up by the system in the pool of Offload, once for
// all concurrent callers, and kept for a while, since only the system knows for how long they are valid. A name server that does
// not reply must not stop the reads of files that share the pool, so lookups have a limit of their own. From any fiber.
class NameCache {
 public:
  static constexpr Duration kGoodFor = std::chrono::seconds(30);
  static constexpr Duration kBadFor = std::chrono::seconds(1);
  // An old result is better than none while the name server does not reply.
  static constexpr Duration kStaleFor = std::chrono::minutes(5);
  static constexpr std::size_t kNamesMax = 4096;
  static constexpr int kLookupsMax = 4;  // at once, by all clients of the process: half of the smallest pool

  using Addresses = std::shared_ptr<const std::vector<SocketAddress>>;

  // Errors: the context's; the resolver's.
  Result<Addresses> Find(const Context& ctx, const std::string& host, std::uint16_t port);

 private:
  struct Entry {
    Addresses addresses;  // null: there is none
    Error failure;
    TimePoint asked;
    TimePoint found;
  };
  // What the resolver says about a name. Other failures, such as a lack of memory, say nothing about it, and are not kept.
  struct Verdict {
    Addresses addresses;
    Error failure;
  };
  static Result<Verdict> LookUp(const Context& ctx, const std::string& host, std::uint16_t port);
  void Keep(const std::string& name, const Verdict& verdict);

  Singleflight<std::string, Verdict> lookups_;
  ThreadMutex lock_;  // for a moment
  std::map<std::string, Entry> entries_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_NAME_CACHE_H_
