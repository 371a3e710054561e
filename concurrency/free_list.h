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
  // How many idle objects are kept on each loop, and by all plain threads together.
  std::size_t keep = 64;
  // How often idle objects are reduced to what was needed; see FreeList.
  Duration trim_every = std::chrono::seconds(1);
};

// Reuses objects instead of making new ones, such as buffers and parsers (Go's sync.Pool). For
// connections, and other objects whose number is limited, there is ResourcePool.
//
//   weft::FreeList<std::string> buffers;
//
//   std::size_t Render(const Page& page) {
//     weft::FreeList<std::string>::Handle buffer = buffers.Get();
//     buffer->clear();                          // it may contain anything
//     page.AppendTo(*buffer);
//     return buffer->size();                    // the handle gives it back
//   }
//
// Get returns an object in any state: as its last user left it, or fresh from the factory. Reset it
// first. No object ever has two users. It may be used and given back on another loop or thread than
// the one that got it, and is then kept there. So a T must not belong to a loop, as Asio objects
// do; for those there is PerLoop.
//
// Memory. Each loop has a shelf of its own, which takes no lock. All plain threads share one, under
// a lock. A shelf gives out what came back last. It keeps at most `keep` objects, and destroys what
// comes back beyond that. When an object comes back and `trim_every` has passed since the last
// trim, the shelf destroys as many objects as lay there unused all that time, the oldest first. A
// shelf that is not used is not trimmed; Trim() empties it.
//
// Lifetime. What a loop keeps ends with the loop or with the FreeList, whichever ends first. The
// destructor of the FreeList has each loop destroy its own objects, and waits for that, as ~PerLoop
// does. No handle may be left at that time. The destructor of T runs where an object comes back, or
// on a loop's own stack when the loop or the FreeList ends, so it must not wait.
template <class T>
class FreeList {
  struct Item : internal::FreeItem {
    explicit Item(const std::function<T()>& make) : object(make()) {}
    T object;
  };

 public:
  // Owns one object, and gives it back at the end. Movable; it may be empty. It must not outlive
  // the FreeList.
  class Handle {
   public:
    Handle() noexcept = default;
    Handle(Handle&& other) noexcept
        : list_(other.list_), item_(std::exchange(other.item_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
      if (this != &other) {
        Put();
        list_ = other.list_;
        item_ = std::exchange(other.item_, nullptr);
      }
      return *this;
    }
    ~Handle() { Put(); }

    // True unless the handle is empty. Only then may the object be used.
    explicit operator bool() const noexcept { return item_ != nullptr; }
    T& operator*() const noexcept WEFT_LIFETIMEBOUND { return item_->object; }
    T* operator->() const noexcept WEFT_LIFETIMEBOUND { return &item_->object; }

    // Gives the object back now; the handle is then empty.
    void Put() noexcept {
      if (Item* item = std::exchange(item_, nullptr)) list_->shelves_.Put(item);
    }
    // Destroys the object instead, because it is broken or has grown too large to keep.
    void Discard() noexcept { delete std::exchange(item_, nullptr); }

   private:
    friend class FreeList;
    Handle(FreeList& pool, Item* item) noexcept : list_(&pool), item_(item) {}
    FreeList* list_ = nullptr;
    Item* item_ = nullptr;
  };

  // Default-constructs each object. (U delays the check: T may be incomplete where it contains a
  // Handle of its own FreeList.)
  template <class U = T>
    requires std::is_default_constructible_v<U>
  explicit FreeList(FreeListOptions options = {}) : FreeList([] { return T(); }, options) {}
  // `make` makes an object if there is none to reuse. Several calls may run at the same time,
  // without a lock, and it may wait.
  explicit FreeList(std::function<T()> make, FreeListOptions options = {})
      : make_(std::move(make)),
        shelves_([](internal::FreeItem* item) { delete static_cast<Item*>(item); }, options.keep,
                 options.trim_every) {}
  ~FreeList() = default;  // may park
  FreeList(const FreeList&) = delete;
  FreeList& operator=(const FreeList&) = delete;

  // Returns an object for the caller alone; the handle is never empty. Suspends only if the factory
  // does. An exception of the factory is passed to the caller. From any fiber or thread.
  Handle Get() {
    if (internal::FreeItem* item = shelves_.Take()) return Handle(*this, static_cast<Item*>(item));
    return Handle(*this, new Item(make_));
  }

  // Gives the object back. The destructor of the handle does the same.
  void Put(Handle handle) noexcept { handle.Put(); }

  // Destroys what this loop keeps; on a plain thread, what the threads keep.
  void Trim() noexcept { shelves_.Trim(); }

  // How many objects this loop keeps, or the threads: for tests and metrics.
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
