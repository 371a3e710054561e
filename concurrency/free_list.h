// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FREE_LIST_H_
#define WEFT_CONCURRENCY_FREE_LIST_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/internal/base/lifetimebound.h>
#include <weft/concurrency/internal/sync/free_shelves.h>

namespace weft {

struct FreeListOptions {
  std::size_t keep = 64;                         // idle objects kept on each loop, and by all plain threads together
  Duration trim_every = std::chrono::seconds(1);  // see FreeList
};

// Objects that are used again instead of made anew, such as buffers and parsers (Go's sync.Pool;
// what people call a pool of connections is something else).
//
//   weft::FreeList<std::string> buffers;
//   weft::FreeList<std::string>::Handle buffer = buffers.Get();
//   buffer->clear();                                             // it comes in any state
//   Append(*buffer);
//   // the handle gives it back
//
// An object comes back in any state: as its last user left it, or fresh from the factory. Reset it
// after Get. No object is ever with two users. It may be used and given back on another loop or
// thread than the one that got it: it is then kept there. So T must not belong to a loop, as Asio
// objects do; for those there is PerLoop.
//
// Each loop has a shelf of its own, which takes no lock; plain threads share one, under a lock. A
// shelf gives out what came back last. It keeps `keep` objects at the most, and destroys what comes
// back beyond that. It is trimmed when an object comes back and `trim_every` has passed since the
// last time: as many as were lying there unused all that time are destroyed, the oldest first. A
// shelf that nobody uses is not trimmed; Trim() empties it.
//
// Lifetime. What a loop keeps ends with the loop, or with the FreeList if that is first: its
// destructor has each loop destroy its own and waits for that, as ~PerLoop does. Either may be
// first. No handle may be left when the FreeList ends. The destructor of T runs where an object
// comes back, or on the loop's own stack when a loop or the FreeList ends, so it must not wait.
template <class T>
class FreeList {
  struct Item : internal::FreeItem {
    explicit Item(const std::function<T()>& make) : object(make()) {}
    T object;
  };

 public:
  // Owns one object and gives it back when it ends. Movable; it may be empty. Does not outlive the
  // FreeList.
  class Handle {
   public:
    Handle() noexcept = default;
    Handle(Handle&& other) noexcept : list_(other.list_), item_(std::exchange(other.item_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
      if (this != &other) {
        Put();
        list_ = other.list_;
        item_ = std::exchange(other.item_, nullptr);
      }
      return *this;
    }
    ~Handle() { Put(); }

    explicit operator bool() const noexcept { return item_ != nullptr; }
    T& operator*() const noexcept WEFT_LIFETIMEBOUND { return item_->object; }
    T* operator->() const noexcept WEFT_LIFETIMEBOUND { return &item_->object; }

    // Gives the object back now. The handle is empty then.
    void Put() noexcept {
      if (Item* item = std::exchange(item_, nullptr)) list_->shelves_.Put(item);
    }
    // Destroys the object instead, because it is broken or has grown too big to keep.
    void Discard() noexcept { delete std::exchange(item_, nullptr); }

   private:
    friend class FreeList;
    Handle(FreeList& pool, Item* item) noexcept : list_(&pool), item_(item) {}
    FreeList* list_ = nullptr;
    Item* item_ = nullptr;
  };

  // U delays the question: T may not be complete yet where it holds a Handle of its own FreeList.
  template <class U = T>
    requires std::is_default_constructible_v<U>
  explicit FreeList(FreeListOptions options = {}) : FreeList([] { return T(); }, options) {}
  // `make` makes an object when there is none to use again. It is called by several at the same
  // time, without a lock, and may wait.
  explicit FreeList(std::function<T()> make, FreeListOptions options = {})
      : make_(std::move(make)),
        shelves_([](internal::FreeItem* item) { delete static_cast<Item*>(item); }, options.keep, options.trim_every) {}
  ~FreeList() = default;  // may park
  FreeList(const FreeList&) = delete;
  FreeList& operator=(const FreeList&) = delete;

  // An object that nobody else has; never empty. Never suspends, unless the factory does. An
  // exception of the factory goes to the caller.
  Handle Get() {
    if (internal::FreeItem* item = shelves_.Take()) return Handle(*this, static_cast<Item*>(item));
    return Handle(*this, new Item(make_));
  }

  // Gives the object back, which the end of the handle does by itself.
  void Put(Handle handle) noexcept { handle.Put(); }

  // Destroys what is kept on this loop, or, on a plain thread, by the threads.
  void Trim() noexcept { shelves_.Trim(); }

  // How many objects are kept on this loop, or by the threads: for tests and metrics.
  std::size_t Idle() { return shelves_.Idle(); }

 private:
  std::function<T()> make_;
  internal::FreeShelves shelves_;
};

// The old names, for one release.
template <class T>
using Pool [[deprecated("weft::FreeList")]] = FreeList<T>;
using PoolOptions [[deprecated("weft::FreeListOptions")]] = FreeListOptions;

}  // namespace weft

#endif  // WEFT_CONCURRENCY_FREE_LIST_H_
