// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_HANDLER_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_HANDLER_H_

#include <exception>
#include <type_traits>
#include <utility>

#include <boost/asio/post.hpp>

#include <weft/concurrency/internal/asio/await_executor.h>
#include <weft/concurrency/internal/asio/await_op.h>
#include <weft/concurrency/internal/asio/await_result.h>

namespace weft::internal {

// The completion handler. It never resumes the fiber on Asio's stack, it only wakes it. Has no executor of its own, so the
// operation completes on its object's.
template <class... Args>
class AwaitHandler {
  static constexpr bool kNeverThrows = (std::is_nothrow_move_constructible_v<std::decay_t<Args>> && ...);

 public:
  using cancellation_slot_type = boost::asio::cancellation_slot;

  // After op.Begin().
  explicit AwaitHandler(AwaitOpOf<Args...>& op) noexcept : op_(&op), slot_(op.Slot()) {}
  AwaitHandler(AwaitHandler&& other) noexcept : op_(std::exchange(other.op_, nullptr)), slot_(other.slot_) {}
  AwaitHandler& operator=(AwaitHandler&&) = delete;
  ~AwaitHandler() {
    if (op_ != nullptr) op_->OperationEnded();
  }

  cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }  // NOLINT: Asio's name
  AwaitOp* Op() const noexcept { return op_; }

  void operator()(Args... args)
    requires kNeverThrows
  {
    op_->Complete(std::forward<Args>(args)...);
    std::exchange(op_, nullptr)->OperationEnded();
  }
  // If handing over a value throws, the exception goes to the caller of Await, not to the code that completes.
  template <class... Given>
    requires(!kNeverThrows)
  void operator()(Given&&... given) {
    try {
      Complete(std::forward<Given>(given)...);
    } catch (...) {
      op_->SetException(std::current_exception());
    }
    std::exchange(op_, nullptr)->OperationEnded();
  }

 private:
  void Complete(Args... args) { op_->Complete(std::forward<Args>(args)...); }

  AwaitOpOf<Args...>* op_;
  boost::asio::cancellation_slot slot_;
};

// The same for an operation that has no object: it completes on the fiber's loop.
template <class... Args>
class AwaitHandlerOnLoop : public AwaitHandler<Args...> {
 public:
  using executor_type = boost::asio::io_context::executor_type;

  AwaitHandlerOnLoop(AwaitOpOf<Args...>& op, const executor_type& executor) noexcept
      : AwaitHandler<Args...>(op), executor_(executor) {}
  executor_type get_executor() const noexcept { return executor_; }  // NOLINT: Asio's name

 private:
  executor_type executor_;
};

// Starts the operation on its executor.
template <class Start, class... Args>
class AwaitStartJob {
 public:
  AwaitStartJob(AwaitOpOf<Args...>& op, Start& start) noexcept : pin_(op), op_(&op), start_(&start) {}
  void operator()() {
    if (op_->Begin()) {
      try {
        (*start_)(AwaitHandler<Args...>(*op_));
      } catch (...) {
        op_->SetException(std::current_exception());
      }
    }
    pin_.Drop();
  }

 private:
  AwaitPin pin_;
  AwaitOpOf<Args...>* op_;
  Start* start_;
};

// Cancels the operation on its executor.
class AwaitCancelJob {
 public:
  explicit AwaitCancelJob(AwaitOp& op) noexcept : pin_(op) {}
  void operator()() {
    pin_.op()->EmitIfPending();
    pin_.Drop();
  }

 private:
  AwaitPin pin_;
};

template <class... Args, class Start, class Executor>
void StartAndWait(AwaitOpOf<Args...>& op, Start& start, const Executor& executor) {
  if constexpr (!std::is_same_v<Executor, NoExecutor>) {
    if (!IsOfThisLoop(executor)) {
      op.CancelElsewhere(
          [](AwaitOp& o, const void* where) { boost::asio::post(*static_cast<const Executor*>(where), AwaitCancelJob(o)); },
          &executor);
      try {
        boost::asio::post(executor, AwaitStartJob<Start, Args...>(op, start));
      } catch (...) {
        op.SetException(std::current_exception());
      }
      op.Wait();
      return;
    }
  }
  // Before Begin, whose pin only the handler releases: there may be too few descriptors for the loop's context.
  if constexpr (std::is_same_v<Executor, NoExecutor>) (void)LoopContext("Await");
  op.Begin();
  try {
    if constexpr (std::is_same_v<Executor, NoExecutor>) {
      start(AwaitHandlerOnLoop<Args...>(op, LoopContext("Await").get_executor()));
    } else {
      start(AwaitHandler<Args...>(op));
    }
  } catch (...) {
    op.SetException(std::current_exception());
  }
  op.Wait();
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_HANDLER_H_
