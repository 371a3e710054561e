// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RESOURCE_POOL_H_
#define WEFT_CONCURRENCY_RESOURCE_POOL_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/lifetimebound.h>
#include <weft/concurrency/internal/sync/pool_core.h>
#include <weft/concurrency/pool_stats.h>
#include <weft/concurrency/unlimited.h>

namespace weft {

template <class T>
struct ResourcePoolOptions {
  const char* name = "resource pool";  // a literal, for errors and the list of fibers
  std::size_t max = 16;                // objects, of all loops and threads together
  std::size_t waiting_max = 1024;      // that wait for one; more fail at once
  // Makes an object, in the fiber or thread that needs it and under its context. Several may be at
  // it at the same time. Required.
  std::function<Result<T>(const Context&)> make{};
  // Whether an idle object is still good, asked each time before it is lent. Must not wait. Empty:
  // all are.
  std::function<bool(T&)> check{};
  Duration idle_timeout = std::chrono::minutes(5);
  Duration lifetime_max = kUnlimited;
  Duration acquire_timeout = std::chrono::seconds(5);  // for one to become free; `make` is bounded by its context
};

// Things that are lent out one by one, and of which there may be only so many, such as connections:
// a pool as database/sql has one in Go.
//
//   weft::ResourcePool<Session> sessions({.max = 8, .make = [](const weft::Context& ctx) { return Session::Open(ctx); }});
//   ...
//   weft::Result<weft::ResourcePool<Session>::Lease> session = sessions.Acquire(ctx);
//   if (weft::Error err = session.Err()) return err;
//   if (weft::Error err = (*session)->Send(ctx, text)) {
//     session->Discard();                             // broken: not for the next one
//     return err;
//   }
//   // the end of the lease gives it back
//
// A pool is built anywhere, also before there is a loop, and serves all loops, schedulers and plain
// threads of the process; its limits are for all of them together. It never has more than `max`
// objects, counted from the call of `make` to the end of the destructor. T may be made, used and
// destroyed on any loop or thread, so it must not belong to a loop, as Asio objects do; its
// destructor must not wait.
//
// Order. What this loop gave back last is lent first. Those that wait are served as soon
// as something comes back, before all that ask later; those on the loop that gives it back first, so
// that it need not move to another one, then the oldest. Nobody is overtaken more than 8 times.
//
// Nothing runs by itself: what has been idle for too long, or has lived too long, is destroyed by
// the next Acquire, the next return or Trim, in whose fiber its destructor runs. An object in use
// is never too old.
template <class T>
class ResourcePool {
  struct Item : internal::PooledItem {
    explicit Item(T value) : object(std::move(value)) {}
    T object;
  };

 public:
  // Owns an object for a while, and gives it back when it ends. Movable; it may be empty. It may
  // end on another loop or thread than it came from. Must not outlive the pool.
  class [[nodiscard]] Lease {
   public:
    Lease() noexcept = default;
    Lease(Lease&& other) noexcept : pool_(other.pool_), item_(std::exchange(other.item_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        Release();
        pool_ = other.pool_;
        item_ = std::exchange(other.item_, nullptr);
      }
      return *this;
    }
    ~Lease() { Release(); }

    explicit operator bool() const noexcept { return item_ != nullptr; }
    T& operator*() const noexcept WEFT_LIFETIMEBOUND { return item_->object; }
    T* operator->() const noexcept WEFT_LIFETIMEBOUND { return &item_->object; }

    // Gives the object back now; the lease is empty then. Never suspends.
    void Release() noexcept {
      if (Item* item = std::exchange(item_, nullptr)) pool_->core_.Return(*item);
    }
    // Destroys the object instead, because it is broken.
    void Discard() noexcept {
      if (Item* item = std::exchange(item_, nullptr)) pool_->core_.Discard(*item);
    }

   private:
    friend class ResourcePool;
    Lease(ResourcePool& pool, Item* item) noexcept : pool_(&pool), item_(item) {}
    ResourcePool* pool_ = nullptr;
    Item* item_ = nullptr;
  };

  // Makes nothing yet. Aborts on a max of zero, or without `make`.
  explicit ResourcePool(ResourcePoolOptions<T> options)
      : make_(std::move(options.make)),
        check_(std::move(options.check)),
        core_({options.name, options.max, options.waiting_max, options.idle_timeout.count(), options.lifetime_max.count(),
               options.acquire_timeout.count()},
              [](internal::PooledItem* item) noexcept { delete static_cast<Item*>(item); }) {
    if (!make_) internal::AbortMisuse("ResourcePool", "no function that makes one");
  }
  // Destroys what is idle. Aborts while a lease is out or somebody acquires one.
  ~ResourcePool() = default;
  ResourcePool(const ResourcePool&) = delete;
  ResourcePool& operator=(const ResourcePool&) = delete;

  // Lends an idle object that `check` approves of, or makes one, or waits until one comes back. A
  // plain thread blocks. Errors: the context's; what `make` said; kUnavailable, if none became free
  // within acquire_timeout or waiting_max wait already, with a text that names the fibers that have
  // them, and for how long. An exception of `make` or `check` goes to the caller.
  Result<Lease> Acquire(const Context& ctx) {
    Result<internal::PooledItem*> taken = core_.Acquire(ctx);
    if (Error err = taken.Err()) return err;
    auto* item = static_cast<Item*>(*taken);
    while (item != nullptr) {
      Lease lease(*this, item);
      if (Approves(lease)) return lease;
      lease.item_ = nullptr;
      item = static_cast<Item*>(core_.Replace(*item));
    }
    Room room{core_};
    Result<T> made = make_(ctx);
    if (Error err = made.Err()) return err;
    item = new Item(*std::move(made));
    room.Fill(*item);
    return Lease(*this, item);
  }

  // Destroys what is idle and too old. Never suspends.
  void Trim() noexcept { core_.Trim(); }

  // From any thread.
  PoolStats Stats() const { return core_.Stats(); }

 private:
  // One whose check throws is as good as broken.
  bool Approves(Lease& lease) {
    if (!check_) return true;
    struct Checking {
      Lease& lease;
      bool ended = false;
      ~Checking() {
        if (!ended) lease.Discard();
      }
    } checking{lease};
    const bool good = check_(*lease);
    checking.ended = true;
    return good;
  }

  // Where an object is to come: given up unless it does.
  struct Room {
    internal::PoolCore& core;
    bool filled = false;
    void Fill(Item& item) noexcept {
      filled = true;
      core.Fill(item);
    }
    ~Room() {
      if (!filled) core.Abandon();
    }
  };

  const std::function<Result<T>(const Context&)> make_;
  const std::function<bool(T&)> check_;
  internal::PoolCore core_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RESOURCE_POOL_H_
