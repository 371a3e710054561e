// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_ASIO_DRIVER_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_ASIO_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include <weft/concurrency/internal/runtime/loop_core.h>

namespace boost::asio {
class io_context;
}

namespace weft::internal {

// The io_context of a loop. It exists only in loops that were asked for an executor: a loop without one sleeps in its own epoll
// set, which saves two system calls a turn.
//
// An exception that leaves a raw handler ends the process.
class AsioDriver final : public EventSource {
 public:
  // That of this loop; made at the first use. On the loop's thread. Throws std::system_error when no descriptors are left.
  static AsioDriver& Of(LoopCore& loop);
  // The same, or null if it was not requested.
  static AsioDriver* IfMade(const LoopCore& loop) noexcept { return static_cast<AsioDriver*>(loop.Outside()); }

  explicit AsioDriver(LoopCore& loop);
  ~AsioDriver() override;

  boost::asio::io_context& context() noexcept;

  // Runs handlers that are ready, a bounded number of them. Returns how many.
  std::size_t Poll() noexcept override;
  // Sleeps until a handler has run, the loop's epoll set has something, or the time has come (kNever: no bound). Never misses
  // what was there before.
  void Sleep(std::int64_t until_ns) noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_ASIO_DRIVER_H_
