// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_OP_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_OP_H_

#include <cstdint>
#include <exception>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

class Parker;

// What the error codes among the arguments of a completion handler say.
struct AwaitFailures {
  int places = 0;   // how many can report a failure
  int set = 0;      // of them, how many do
  int aborted = 0;  // of those, how many are operation_aborted
};

// One asynchronous operation and the fiber that waits for it, on that fiber's stack.
//
// The operation runs on its executor, the fiber on its loop; if the executor is the loop, nothing is posted. Everything else
// that points to this object is counted as a pin: the completion handler, the posted start, the posted cancel. The fiber
// continues when the last pin is released and its holder has left the lock, so that no buffer, argument or signal on the stack is
// still in use. Signal and slot are touched on the executor only.
class AwaitOp {
 public:
  using PostCancel = void (*)(AwaitOp& op, const void* executor);

  // Aborts unless the caller is a fiber.
  explicit AwaitOp(const Context& ctx) noexcept;
  ~AwaitOp();
  AwaitOp(const AwaitOp&) = delete;
  AwaitOp& operator=(const AwaitOp&) = delete;

  // False when the context is done already: nothing must be started then.
  bool MayStart() const noexcept { return !refused_; }
  // How a cancel gets to the executor; without this it is emitted where the fiber runs.
  void CancelElsewhere(PostCancel post, const void* executor) noexcept {
    post_ = post;
    executor_ = executor;
  }

  // On the executor, before the completion handler is made; OperationEnded releases its pin. False: the fiber has given up
  // meanwhile.
  bool Begin() noexcept;
  // Not connected under a context that is never done, which spares Asio an allocation.
  boost::asio::cancellation_slot Slot() noexcept {
    return cancelable_ ? signal_.slot() : boost::asio::cancellation_slot();
  }
  // The slot for code that cancels through its own slot, and passes the cancel on by Emit.
  boost::asio::cancellation_slot SharedSlot() noexcept { return signal_.slot(); }
  // The outcome, from the completion handler, before it calls OperationEnded. `error` is what the call returns; failures
  // among the values stay there.
  void SetOutcome(Error error, const AwaitFailures& failures) noexcept {
    completed_ = true;
    if (!told_) failures_ = failures;
    error_ = std::move(error);
  }
  // From an adapter that keeps a code from the completion handler, just before it calls that.
  void TellFailures(const AwaitFailures& failures) noexcept {
    told_ = true;
    failures_ = failures;
  }
  // The handler was called or destroyed: the last thing that it does with this object.
  void OperationEnded() noexcept;
  void SetException(std::exception_ptr exception) noexcept { exception_ = std::move(exception); }
  // On the executor.
  void EmitIfPending() noexcept;
  void Emit(boost::asio::cancellation_type_t type) noexcept;

  // In the fiber: parks until the operation has ended and the last pin was released. Rethrows what the start threw.
  void Wait();
  bool Completed() const noexcept { return completed_; }
  // After Wait, when nothing else is left: empty if the operation succeeded.
  Error Verdict() const WEFT_NO_LOCK_ANALYSIS;

 private:
  friend class AwaitPin;
  void AddPin() noexcept;
  void DropPin() noexcept;
  void DropPinLocked() noexcept WEFT_REQUIRES(lock_);
  bool WaitForEnd(const Context& ctx, std::int64_t until_ns) noexcept;
  bool RequestCancel() noexcept;
  bool Failed() const noexcept WEFT_NO_LOCK_ANALYSIS;  // after Wait

  const Context& ctx_;
  const bool cancelable_;
  const bool refused_;
  PostCancel post_ = nullptr;
  const void* executor_ = nullptr;
  boost::asio::cancellation_signal signal_;

  // What the completion handler leaves; read by the fiber after the lock.
  bool completed_ = false;
  bool told_ = false;
  AwaitFailures failures_;
  Error error_;
  std::exception_ptr exception_;

  SmallLock lock_;
  int pins_ WEFT_GUARDED_BY(lock_) = 0;
  bool begun_ WEFT_GUARDED_BY(lock_) = false;
  bool ended_ WEFT_GUARDED_BY(lock_) = false;
  bool abandoned_ WEFT_GUARDED_BY(lock_) = false;
  bool cancel_requested_ WEFT_GUARDED_BY(lock_) = false;
  bool cancel_on_its_way_ WEFT_GUARDED_BY(lock_) = false;
  bool cancel_heard_ WEFT_GUARDED_BY(lock_) = false;  // something of the operation listened to it
  Parker* waiter_ WEFT_GUARDED_BY(lock_) = nullptr;
};

// The pin of something posted, which may be discarded without being run.
class AwaitPin {
 public:
  explicit AwaitPin(AwaitOp& op) noexcept : op_(&op) { op.AddPin(); }
  AwaitPin(AwaitPin&& other) noexcept : op_(std::exchange(other.op_, nullptr)) {}
  AwaitPin& operator=(AwaitPin&&) = delete;
  ~AwaitPin() { Drop(); }

  AwaitOp* op() const noexcept { return op_; }
  // The last thing that its holder does with the operation.
  void Drop() noexcept {
    if (op_ != nullptr) std::exchange(op_, nullptr)->DropPin();
  }

 private:
  AwaitOp* op_;
};

// The io_context of the loop of this thread; null if it has none.
const boost::asio::execution_context* LoopContextIfMade() noexcept;
// The same; it is made if there is none. Aborts on a plain thread, naming `function`.
boost::asio::io_context& LoopContext(const char* function);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_OP_H_
