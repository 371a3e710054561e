// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_CLIENT_SHARED_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_CLIENT_SHARED_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weft/clients/http/internal/connector.h>
#include <weft/clients/http/internal/shared_origin.h>
#include <weft/clients/http/options.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/pool_stats.h>
#include <weft/concurrency/result.h>

namespace weft::internal {

// The part of a client that all loops share. From any thread.
struct ClientShared {
  // A loop's part of it, as others see it.
  class Part {
   public:
    // Under parts_lock, without which no loop with such a part ends: closes idle connections beyond the limit, soon.
    virtual void AskToTrim() noexcept = 0;

   protected:
    ~Part() = default;
  };

  // One of the requests that wait, for Stats.
  class Wait {
   public:
    explicit Wait(ClientShared& client);
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    ClientShared& client_;
    const TimePoint since_ = Now();
  };

  explicit ClientShared(HttpClientOptions given) : options(std::move(given)), connector(options) {}
  ClientShared(const ClientShared&) = delete;
  ClientShared& operator=(const ClientShared&) = delete;

  std::shared_ptr<SharedOrigin> FindOrigin(const std::string& name);
  // Takes a slot for one of the requests that an origin may get at once. In order; Release of `slots` returns it.
  Error TakeSlot(const Context& ctx, SharedOrigin& origin) { return origin.slots.TryAcquire() ? Error() : WaitForSlot(ctx, origin); }
  // Origins that no loop uses are forgotten.
  void ForgetUnused() noexcept;
  // Makes other loops, of any scheduler, close what is kept beyond the limit.
  void TrimElsewhere(const Part& asks) noexcept;
  PoolStats Stats() const;

  const HttpClientOptions options;
  // An option with which no request can be sent.
  const Error refused = Refused(options);
  Connector connector;

  // So far, and now.
  std::atomic<std::int64_t> out{0};    // exchanges that are in use
  std::atomic<std::int64_t> idle{0};
  std::atomic<std::int64_t> waiting{0};
  std::atomic<std::uint64_t> opened{0};
  std::atomic<std::uint64_t> closed{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> waited{0};
  std::atomic<std::int64_t> longest_wait_ns{0};

  ThreadMutex parts_lock;  // for a moment
  std::vector<Part*> parts WEFT_GUARDED_BY(parts_lock);

 private:
  static Error Refused(const HttpClientOptions& options);
  Error WaitForSlot(const Context& ctx, SharedOrigin& origin);

  ThreadMutex origins_lock_;  // for a moment, when a loop sees an origin for the first time
  std::unordered_map<std::string, std::shared_ptr<SharedOrigin>> origins_ WEFT_GUARDED_BY(origins_lock_);
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_CLIENT_SHARED_H_
