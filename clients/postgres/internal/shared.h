// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_SHARED_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_SHARED_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include <weft/clients/postgres/internal/cancel_tls.h>
#include <weft/clients/postgres/internal/half_made.h>
#include <weft/clients/postgres/options.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/semaphore.h>

namespace weft::postgres::internal {

// Connects of one pool: few at a time, and after one that has failed none for a moment, so that a server that comes back is not
// trampled. The moments are random, since other processes wait for the same server.
class ConnectGate {
 public:
  // Errors: the context's, or the last failure, while it is too early to try again.
  Result<Permit> Enter(const Context& ctx);
  void Succeeded();
  void Failed(const Error& error);

 private:
  Semaphore at_once_{4};
  weft::internal::ThreadMutex lock_;
  Duration pause_ WEFT_GUARDED_BY(lock_){};
  TimePoint not_before_ WEFT_GUARDED_BY(lock_){};
  Error last_ WEFT_GUARDED_BY(lock_);
};

// What all connections of a pool have in common.
struct Shared {
  explicit Shared(PoolOptions o);

  const PoolOptions options;
  Error invalid;
  std::string origin;  // "postgres://host:port/database", without a password
  ConnectGate gate;
  HalfMadeConnections half_made;
  Semaphore cancels;  // at most half of the connections cancel at a time
  CancelTls cancel_tls;
  std::atomic<int> listeners{0};  // whose Run has not returned
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_SHARED_H_
