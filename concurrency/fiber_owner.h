// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FIBER_OWNER_H_
#define WEFT_CONCURRENCY_FIBER_OWNER_H_

#include <cstdint>
#include <string>

// For servers that are built on weft. Handlers and services never need this header.

namespace weft {

namespace internal {
class LoopCore;
}

// Something that fibers belong to although it is no fiber itself, such as a connection whose
// requests have one fiber each. While it has some, ListFibers (debug.h) shows it as their parent,
// so that the tree says which of them belong together.
//
//   class Connection {
//    public:
//     explicit Connection(std::uint64_t parent_fiber) : owner_(parent_fiber, &NameOf, this) {}
//     weft::FiberOptions Options() const { return {.name = "request", .parent = owner_.Id()}; }
//
//    private:
//     static std::string NameOf(const void* of) {
//       return "connection of " + static_cast<const Connection*>(of)->peer_;
//     }
//     std::string peer_ = "10.0.0.7";
//     weft::FiberOwner owner_;                 // last: NameOf may be called as soon as it exists
//   };
//
// It takes about 60 bytes, and a lock when it is made and destroyed.
class FiberOwner {
 public:
  // Returns the name for the list. Called from any thread, at any time between the constructor and
  // the destructor, under a lock.
  using NameOf = std::string (*)(const void* of);

  // Only on a loop. `parent` is the fiber that this owner itself belongs to, as in FiberOptions.
  FiberOwner(std::uint64_t parent, NameOf name, const void* of) noexcept;
  ~FiberOwner();
  FiberOwner(const FiberOwner&) = delete;
  FiberOwner& operator=(const FiberOwner&) = delete;

  // An id for FiberOptions::parent, different from those of all fibers of the process.
  std::uint64_t Id() const { return id_; }

 private:
  friend class FiberOwners;

  const std::uint64_t id_;
  const std::uint64_t parent_;
  const std::int64_t start_ns_;
  internal::LoopCore* const loop_;
  const NameOf name_;
  const void* const of_;
  FiberOwner* prev_ = nullptr;
  FiberOwner* next_ = nullptr;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_FIBER_OWNER_H_
