// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FIBER_OWNER_H_
#define WEFT_CONCURRENCY_FIBER_OWNER_H_

#include <cstdint>
#include <string>

// For those who build a server on weft. Handlers and services never need this header.

namespace weft {

namespace internal {
class LoopCore;
}

// What fibers belong to although it is no fiber, such as a connection whose requests have one each. While it has some, ListFibers
// has it as their parent, so that the tree shows which of them belong together. It costs some 60 bytes, and a lock when it comes and
// goes.
//
//   FiberOwner owner_{parent_fiber, [](const void* of) { return static_cast<const Connection*>(of)->Name(); }, this};
//   options.parent = owner_.Id();   // FiberOptions
class FiberOwner {
 public:
  // As a line of the list calls it. Called from any thread, at any time between the constructor and the destructor, under a lock.
  using NameOf = std::string (*)(const void* of);

  // On a loop. `parent`: the fiber that it belongs to itself, as in FiberOptions.
  FiberOwner(std::uint64_t parent, NameOf name, const void* of) noexcept;
  ~FiberOwner();
  FiberOwner(const FiberOwner&) = delete;
  FiberOwner& operator=(const FiberOwner&) = delete;

  // No fiber of the process has it.
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
