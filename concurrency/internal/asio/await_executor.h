// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_EXECUTOR_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_EXECUTOR_H_

#include <cstdint>
#include <type_traits>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_executor.hpp>

#include <weft/concurrency/internal/asio/await_op.h>

// Determines where an operation runs. Asio's initiations say it themselves (get_executor). Beast's do not, but get a pointer to their
// stream, or to the implementation of a WebSocket stream, among their arguments.
namespace weft::internal {

// The operation belongs to no object: the current loop is as good as any other.
struct NoExecutor {};

template <class T>
concept HasExecutor = requires(T& object) { object.get_executor(); };
template <class T>
concept WrapsExecutor = requires(T& reference) { reference.get().get_executor(); };
template <class T>
concept PointsToExecutor = requires(T& pointer) { (*pointer).get_executor(); };
template <class T>
concept PointsToStream = requires(T& pointer) { (*pointer).stream().get_executor(); };

// The system executor is Asio's default; it would start threads that were not asked for.
template <class Executor>
auto NotSystem(const Executor& executor) {
  if constexpr (std::is_same_v<Executor, boost::asio::system_executor>) {
    return NoExecutor{};
  } else {
    return executor;
  }
}

template <class T>
auto ExecutorOf([[maybe_unused]] T& object) {
  if constexpr (HasExecutor<T>) {
    return NotSystem(object.get_executor());
  } else if constexpr (WrapsExecutor<T>) {
    return NotSystem(object.get().get_executor());
  } else if constexpr (PointsToExecutor<T>) {
    return NotSystem((*object).get_executor());
  } else if constexpr (PointsToStream<T>) {
    return NotSystem((*object).stream().get_executor());
  } else {
    return NoExecutor{};
  }
}

inline NoExecutor FirstExecutor() { return {}; }

template <class T, class... Rest>
auto FirstExecutor(T& object, Rest&... rest) {
  if constexpr (std::is_same_v<decltype(ExecutorOf(object)), NoExecutor>) {
    return FirstExecutor(rest...);
  } else {
    return ExecutorOf(object);
  }
}

// The io_context of an executor that adds nothing to it; null for strands, pools and everything else.
template <class Allocator, std::uintptr_t kBits>
const boost::asio::execution_context* PlainContext(
    const boost::asio::io_context::basic_executor_type<Allocator, kBits>& executor) {
  return &boost::asio::query(executor, boost::asio::execution::context);
}

template <class Executor>
const boost::asio::execution_context* PlainContext([[maybe_unused]] const Executor& executor) {
  using Plain = boost::asio::io_context::executor_type;
  if constexpr (requires { executor.template target<Plain>(); }) {
    const Plain* plain = executor.template target<Plain>();
    return plain != nullptr ? PlainContext(*plain) : nullptr;
  } else {
    return nullptr;
  }
}

// True if what belongs to this executor may be touched right here, in a fiber of this loop.
template <class Executor>
bool IsOfThisLoop(const Executor& executor) {
  const boost::asio::execution_context* context = PlainContext(executor);
  return context != nullptr && context == LoopContextIfMade();
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_EXECUTOR_H_
