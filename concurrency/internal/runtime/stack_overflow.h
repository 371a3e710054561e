// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_STACK_OVERFLOW_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_STACK_OVERFLOW_H_

#include <csignal>
#include <cstddef>
#include <memory>

namespace weft::internal {

// While it lives, a fault in the guard of the running fiber's stack on this thread is reported on stderr with the fiber's name,
// before the previous handler (or the system's default, a core dump) takes over. The handler needs a stack of its
// own, which this object provides for the thread.
class OverflowWatch {
 public:
  OverflowWatch();
  ~OverflowWatch();
  OverflowWatch(const OverflowWatch&) = delete;
  OverflowWatch& operator=(const OverflowWatch&) = delete;

 private:
  static constexpr std::size_t kBytes = 64 * 1024;
  std::unique_ptr<std::byte[]> memory_;
  stack_t previous_{};
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_STACK_OVERFLOW_H_
