// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SCOPE_H_
#define WEFT_CONCURRENCY_SCOPE_H_

#include <cstdint>

namespace weft {

// Identifies where code runs: on which loop, and for which piece of work. It is for code that hands
// out objects which only one request may touch, and wants to detect when another one does.
//
//   class Checked {
//    public:
//     void Touch() const {
//       if (weft::CurrentScope() != owner_) std::abort();     // used from elsewhere
//     }
//
//    private:
//     const weft::Scope owner_ = weft::CurrentScope();
//   };
//
// `work` is a number. ScopedWork gives one to the running fiber, and the fiber passes it on to the
// members of every group that it builds. Zero means none. On a plain thread both fields are empty.
struct Scope {
  const void* loop = nullptr;
  std::uint64_t work = 0;
  friend bool operator==(const Scope&, const Scope&) = default;
};

// The scope of the caller. Never suspends.
Scope CurrentScope() noexcept;

// Gives the running fiber a new work number, unique in the process, until the end of the C++ scope;
// then the previous number is back. A server has one around each request. On a plain thread it does
// nothing.
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
