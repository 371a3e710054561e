// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_HALF_MADE_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_HALF_MADE_H_

#include <libpq-fe.h>

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <weft/clients/postgres/internal/conn_info.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::postgres::internal {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Handle = std::unique_ptr<PGconn, FinishConnection>;

// A connection that is being made.
struct HalfMade {
  ConnInfo info;
  Duration of_each{};  // for each host
  TimePoint begun = Now();
  Handle handle;
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  std::optional<std::size_t> host;    // if there are several
  TimePoint due = TimePoint::max();  // of this host
};

// Those whose callers have left early, for the next callers. Otherwise a pool whose calls have deadlines shorter than a handshake would never have a
// connection, and the server no rest.
class HalfMadeConnections {
 public:
  void Keep(std::unique_ptr<HalfMade> one) {
    const std::lock_guard hold(lock_);
    all_.push_back(std::move(one));
  }
  // The one that was left last, which may be too old; null: there is none.
  std::unique_ptr<HalfMade> Take() {
    const std::lock_guard hold(lock_);
    if (all_.empty()) return nullptr;
    std::unique_ptr<HalfMade> one = std::move(all_.back());
    all_.pop_back();
    return one;
  }
  // Closes those that were begun so long ago: no call would continue with them.
  void Trim(Duration connect_timeout) noexcept {
    std::list<std::unique_ptr<HalfMade>> old;  // closed after the lock is released
    const std::lock_guard hold(lock_);
    const TimePoint now = Now();
    for (auto at = all_.begin(); at != all_.end();) {
      const auto one = at++;
      if (now - (*one)->begun >= connect_timeout) old.splice(old.end(), all_, one);
    }
  }

 private:
  weft::internal::ThreadMutex lock_;
  std::list<std::unique_ptr<HalfMade>> all_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_HALF_MADE_H_
