// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SCOPE_H_
#define WEFT_CONCURRENCY_SCOPE_H_

#include <cstdint>

namespace weft {

// Where a piece of code runs: on which loop, and for which piece of work. For code that hands out
// objects which only one request may touch, and wants to find out when somebody else does.
//
// `work` is a number that a fiber is given by ScopedWork and passes on to the members of the groups
// that are built in it. Zero means none. On a plain thread both are empty.
struct Scope {
  const void* loop = nullptr;
  std::uint64_t work = 0;
  friend bool operator==(const Scope&, const Scope&) = default;
};

// The scope of the caller. Never suspends.
Scope CurrentScope() noexcept;

// Gives the running fiber a new, process-wide unique work number until the end of the C++ scope. On
// a plain thread it does nothing.
class [[nodiscard]] ScopedWork {
 public:
  ScopedWork() noexcept;
  ~ScopedWork();
  ScopedWork(const ScopedWork&) = delete;
  ScopedWork& operator=(const ScopedWork&) = delete;

 private:
  std::uint64_t previous_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SCOPE_H_
