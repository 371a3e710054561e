// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/asio/await_op.h>

#include <algorithm>
#include <mutex>

#include <weft/concurrency/internal/asio/asio_driver.h>
#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft::internal {
namespace {

constexpr std::int64_t kFirstRepeatNs = 1'000'000;
constexpr std::int64_t kLongestRepeatNs = 1'000'000'000;

const Context& CheckedContext(const Context& ctx) noexcept {
  if (CurrentLoop() == nullptr) {
    AbortMisuse("Await", "a plain thread has no loop to wait on: use weft::Run(ctx, fn), which gives fn loops of its own");
  }
  CheckMayBlock("Await");
  return ctx;
}

}  // namespace

AwaitOp::AwaitOp(const Context& ctx) noexcept
    : ctx_(CheckedContext(ctx)), cancelable_(ContextAccess::Canceler(ctx) != nullptr), refused_(static_cast<bool>(ctx.Err())) {
  CurrentLoop()->AddOperation(1);
}

AwaitOp::~AwaitOp() { CurrentLoop()->AddOperation(-1); }

void AwaitOp::AddPin() noexcept {
  std::lock_guard hold(lock_);
  ++pins_;
}

void AwaitOp::DropPin() noexcept {
  std::lock_guard hold(lock_);
  DropPinLocked();
}

void AwaitOp::DropPinLocked() noexcept {
  if (--pins_ == 0 && waiter_ != nullptr) waiter_->Wake();
}

bool AwaitOp::Begin() noexcept {
  std::lock_guard hold(lock_);
  if (abandoned_) return false;
  begun_ = true;
  ++pins_;
  return true;
}

void AwaitOp::OperationEnded() noexcept {
  std::lock_guard hold(lock_);
  ended_ = true;
  DropPinLocked();
}

void AwaitOp::EmitIfPending() noexcept {
  {
    std::lock_guard hold(lock_);
    cancel_on_its_way_ = false;
    if (ended_) return;
    cancel_heard_ = cancel_heard_ || signal_.slot().has_handler();
  }
  signal_.emit(boost::asio::cancellation_type::terminal);
}

void AwaitOp::Emit(boost::asio::cancellation_type_t type) noexcept {
  {
    std::lock_guard hold(lock_);
    if (ended_) return;
  }
  signal_.emit(type);
}

// True: it may have to be repeated.
bool AwaitOp::RequestCancel() noexcept {
  {
    std::lock_guard hold(lock_);
    if (ended_) return false;
    if (!begun_) {
      abandoned_ = true;
      return false;
    }
    cancel_requested_ = true;
    if (cancel_on_its_way_) return true;
    cancel_on_its_way_ = true;
  }
  if (post_ == nullptr) {
    EmitIfPending();
    return true;
  }
  try {
    post_(*this, executor_);
  } catch (...) {  // no memory for the post: tried again
    std::lock_guard hold(lock_);
    cancel_on_its_way_ = false;
  }
  return true;
}

// True when the last pin is gone.
bool AwaitOp::WaitForEnd(const Context& ctx, std::int64_t until_ns) noexcept {
  return WaitInPlace(lock_, waiter_, "await", ctx, [this]() WEFT_REQUIRES(lock_) { return pins_ == 0; }, until_ns);
}

void AwaitOp::Wait() {
  // A composed operation may have been between two steps when the cancel arrived, and not have noticed (Beast's
  // async_read does not check by itself); it would then never end. So a pending one is canceled again and again, at growing intervals.
  std::int64_t pause = kFirstRepeatNs;
  bool ended = WaitForEnd(ctx_, kNever);
  while (!ended) {
    const bool repeat = RequestCancel();
    ended = WaitForEnd(Background(), repeat ? AddNs(NowNs(), pause) : kNever);
    pause = std::min(4 * pause, kLongestRepeatNs);
  }
  if (exception_ != nullptr) std::rethrow_exception(exception_);
}

// Of a completed operation. If it cannot report a failure, success and cancellation look the same. Then it counts as canceled if something
// listened to the cancel.
bool AwaitOp::Failed() const noexcept { return failures_.set > 0 || (failures_.places == 0 && cancel_heard_); }

Error AwaitOp::Verdict() const {
  if (completed_ && !Failed()) return {};
  const bool aborted = failures_.places > 0 && failures_.aborted == failures_.places;
  if (!completed_ || cancel_requested_ || aborted) {
    if (Error err = ctx_.Err()) return err;
  }
  if (!completed_) return kClosed.Wrap("Await: the operation was dropped, its execution context has ended");
  return error_;
}

const boost::asio::execution_context* LoopContextIfMade() noexcept {
  const LoopCore* loop = CurrentLoop();
  AsioDriver* driver = loop != nullptr ? AsioDriver::IfMade(*loop) : nullptr;
  return driver != nullptr ? &driver->context() : nullptr;
}

boost::asio::io_context& LoopContext(const char* function) {
  LoopCore* loop = CurrentLoop();
  if (loop == nullptr) {
    AbortMisuse(function, "a plain thread has no loop: use weft::Run(ctx, fn), which gives fn loops of its own");
  }
  return AsioDriver::Of(*loop).context();
}

}  // namespace weft::internal
