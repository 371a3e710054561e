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
  // A literal, for errors and the list of fibers.
  const char* name = "resource pool";
  // At most this many objects, for all loops and threads together.
  std::size_t max = 16;
  // At most this many callers may wait for an object; further ones fail at once.
  std::size_t waiting_max = 1024;
  // Makes an object, in the fiber or thread that needs it and under its context. Several calls may
  // run at the same time. Required.
  std::function<Result<T>(const Context&)> make{};
  // Says whether an idle object is still good; called each time before one is lent. It must not
  // wait. Empty: all are good.
  std::function<bool(T&)> check{};
  // An object that was idle for this long is destroyed.
  Duration idle_timeout = std::chrono::minutes(5);
  // An object this old is destroyed when it is not in use.
  Duration lifetime_max = kUnlimited;
  // How long Acquire waits for an object to become free. `make` is limited by its context instead.
  Duration acquire_timeout = std::chrono::seconds(5);
};

// Lends out objects whose number is limited, such as connections (the pool of Go's database/sql).
// For objects that are cheap to make, such as buffers, there is FreeList.
//
//   weft::ResourcePool<Session> sessions(
//       {.max = 8, .make = [](const weft::Context& c) { return Session::Open(c); }});
//
//   weft::Error Call(const weft::Context& ctx, std::string_view text) {
//     weft::Result<weft::ResourcePool<Session>::Lease> session = sessions.Acquire(ctx);
//     if (weft::Error err = session.Err()) return err;
//     if (weft::Error err = (*session)->Send(ctx, text)) {
//       session->Discard();                     // broken: not for the next caller
//       return err;
//     }
//     return {};                                // the lease gives it back
//   }
//
// Build a pool anywhere, even before there is a loop. It serves all loops, schedulers and plain
// threads of the process, and its limits apply to all of them together. It never has more than
// `max` objects, counted from the call of `make` to the end of the destructor. A T may be made,
// used and destroyed on any loop or thread, so it must not belong to a loop, as Asio objects do.
// Its destructor must not wait.
//
// Order. Acquire takes the object that came back last on this loop. An object that comes back goes
// to a waiter before any later caller. Waiters on the loop where it comes back are served first, so
// that it need not move to another loop, and then the one that has waited longest. No waiter is
// overtaken more than 8 times.
//
// Age. Nothing runs in the background. An object that was idle for too long, or is too old, is
// destroyed by the next Acquire, the next return or Trim, in that caller's fiber. One that is in
// use is never too old.
template <class T>
class ResourcePool {
  struct Item : internal::PooledItem {
    explicit Item(T value) : object(std::move(value)) {}
    T object;
  };

 public:
  // Owns an object for a while, and gives it back at the end. Movable; it may be empty. It may end
  // on another loop or thread than it came from, but not after the pool.
  class [[nodiscard]] Lease {
   public:
    Lease() noexcept = default;
    Lease(Lease&& other) noexcept
        : pool_(other.pool_), item_(std::exchange(other.item_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        Release();
        pool_ = other.pool_;
        item_ = std::exchange(other.item_, nullptr);
      }
      return *this;
    }
    ~Lease() { Release(); }

    // True unless the lease is empty. Only then may the object be used.
    explicit operator bool() const noexcept { return item_ != nullptr; }
    T& operator*() const noexcept WEFT_LIFETIMEBOUND { return item_->object; }
    T* operator->() const noexcept WEFT_LIFETIMEBOUND { return &item_->object; }

    // Gives the object back now; the lease is then empty. Never suspends.
    void Release() noexcept {
      if (Item* item = std::exchange(item_, nullptr)) pool_->core_.Return(*item);
    }
    // Destroys the object instead, because it is broken; the lease is then empty.
    void Discard() noexcept {
      if (Item* item = std::exchange(item_, nullptr)) pool_->core_.Discard(*item);
    }

   private:
    friend class ResourcePool;
    Lease(ResourcePool& pool, Item* item) noexcept : pool_(&pool), item_(item) {}
    ResourcePool* pool_ = nullptr;
    Item* item_ = nullptr;
  };

  // Makes no object yet. Aborts if max is zero, or without `make`.
  explicit ResourcePool(ResourcePoolOptions<T> options)
      : make_(std::move(options.make)),
        check_(std::move(options.check)),
        core_({options.name, options.max, options.waiting_max, options.idle_timeout.count(),
               options.lifetime_max.count(), options.acquire_timeout.count()},
              [](internal::PooledItem* item) noexcept { delete static_cast<Item*>(item); }) {
    if (!make_) internal::AbortMisuse("ResourcePool", "make is empty: it makes the objects");
  }
  // Destroys the idle objects. Aborts if an object is lent out, or an Acquire is in progress.
  ~ResourcePool() = default;
  ResourcePool(const ResourcePool&) = delete;
  ResourcePool& operator=(const ResourcePool&) = delete;

  // Lends an idle object that `check` approves of, or makes one, or parks until one comes back. A
  // plain thread blocks.
  //
  // Errors: the context's; that of `make`; kUnavailable if none became free within acquire_timeout,
  // or if waiting_max callers already wait. Its message names the fibers that have the objects, and
  // says for how long. An exception of `make` or `check` is passed to the caller.
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

  // Destroys the idle objects that are too old. Never suspends.
  void Trim() noexcept { core_.Trim(); }

  // What the pool holds and has done. From any thread.
  PoolStats Stats() const { return core_.Stats(); }

 private:
  // An object whose check throws counts as broken.
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

  // Room for an object that is being made: given up unless there is one at the end.
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
