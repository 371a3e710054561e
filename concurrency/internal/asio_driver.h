// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_DRIVER_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace weft::internal {

class LoopCore;

// The io_context of a loop. It exists only in loops that somebody asked for an executor: a loop without one sleeps in its own
// epoll set, which saves two system calls a turn.
//
// An exception that leaves a raw handler ends the process.
class AsioDriver {
 public:
  explicit AsioDriver(LoopCore& loop);  // throws std::system_error when no descriptors are left
  ~AsioDriver();

  boost::asio::io_context& context() noexcept;

  // Runs handlers that are ready, a bounded number of them. Returns how many.
  std::size_t Poll() noexcept;
  // Sleeps until a handler ran, the loop's epoll set has something, or the time has come (kNever: no bound). Never misses
  // what was there before.
  void Sleep(std::int64_t until_ns) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_DRIVER_H_
