// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/context_node.h>

#include <mutex>

namespace weft::internal {

ContextNode* ContextNode::NewCanceler(ContextNode* parent, std::int64_t deadline_ns, Error deadline_cause) {
  auto* node = new ContextNode();
  node->canceler_ = node;
  node->parent_ = parent;
  if (parent != nullptr) parent->Ref();
  ContextNode* above = parent != nullptr ? parent->canceler_ : nullptr;
  node->deadline_ns_ = deadline_ns;
  node->deadline_cause_ = std::move(deadline_cause);
  if (above != nullptr && above->DeadlineNs() <= deadline_ns) {
    node->deadline_ns_ = above->DeadlineNs();
    node->deadline_cause_ = above->deadline_cause_;
  }
  if (above != nullptr) node->Attach(above);
  return node;
}

ContextNode* ContextNode::NewDetached(ContextNode* parent) {
  auto* node = new ContextNode();
  node->parent_ = parent;
  if (parent != nullptr) parent->Ref();
  return node;
}

ContextNode* ContextNode::NewValue(ContextNode* parent, const void* key, void* value, ValueDeleter deleter) {
  ContextNode* node = NewDetached(parent);
  node->canceler_ = parent != nullptr ? parent->canceler_ : nullptr;
  node->key_ = key;
  node->value_ = value;
  node->deleter_ = deleter;
  return node;
}

void ContextNode::Unref(ContextNode* node) noexcept {
  // Ancestors may form a long chain: no recursion.
  while (node != nullptr && node->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    node->Detach();
    if (const ErrorRep* err = node->err_.load(std::memory_order_relaxed)) (void)ErrorAccess::Adopt(err);
    if (node->deleter_ != nullptr) node->deleter_(node->value_);
    ContextNode* parent = node->parent_;
    delete node;
    node = parent;
  }
}

bool ContextNode::TryRef() noexcept {
  std::int32_t refs = refs_.load(std::memory_order_relaxed);
  while (refs > 0) {
    if (refs_.compare_exchange_weak(refs, refs + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void ContextNode::Attach(ContextNode* cancel_parent) noexcept {
  cancel_parent_ = cancel_parent;
  {
    std::lock_guard hold(cancel_parent->lock_);
    if (cancel_parent->err_.load(std::memory_order_relaxed) == nullptr) {
      cancel_parent->children_.PushBack(*this);
      return;
    }
  }
  Finish(/*canceled=*/true, cancel_parent->Err(), cancel_parent->Cause());
}

void ContextNode::Detach() noexcept {
  if (cancel_parent_ == nullptr) return;
  std::lock_guard hold(cancel_parent_->lock_);
  if (Link<SiblingTag>::Linked()) Link<SiblingTag>::Unlink();
}

Error ContextNode::Err() noexcept {
  if (const ErrorRep* err = err_.load(std::memory_order_acquire)) return ErrorAccess::Share(err);
  const std::int64_t deadline = DeadlineNs();
  if (deadline == kNever || NowNs() < deadline) return {};
  Finish(/*canceled=*/false, {}, {});
  return ErrorAccess::Share(err_.load(std::memory_order_acquire));
}

Error ContextNode::Cause() noexcept {
  if (Error err = Err()) return cause_;
  return {};
}

void ContextNode::Cancel(Error cause) noexcept {
  if (err_.load(std::memory_order_acquire) != nullptr) return;
  if (cause) {
    Finish(/*canceled=*/true, ErrorAccess::Coded(Errc::kCanceled, cause), cause);
  } else {
    Finish(/*canceled=*/true, kCanceled, kCanceled);
  }
}

// Sets the error if none is set, and moves the live children to `todo`. An overdue deadline is older than this cancel, so it
// is what ends the context.
bool ContextNode::Latch(bool canceled, const Error& error, const Error& cause, ContextNode*& todo) noexcept {
  std::lock_guard hold(lock_);
  if (err_.load(std::memory_order_relaxed) != nullptr) return false;
  const std::int64_t deadline = DeadlineNs();
  const bool overdue = !canceled || (deadline != kNever && NowNs() >= deadline);
  Error final = error;
  if (overdue) final = deadline_cause_ ? ErrorAccess::Coded(Errc::kDeadlineExceeded, deadline_cause_) : kDeadlineExceeded;
  cause_ = overdue ? (deadline_cause_ ? deadline_cause_ : kDeadlineExceeded) : cause;
  err_.store(ErrorAccess::Release(std::move(final)), std::memory_order_release);
  while (ContextWaiter* waiter = waiters_.PopFront()) waiter->fire(waiter);
  while (ContextNode* child = children_.PopFront()) {
    // A child without references is just being destroyed.
    if (!child->TryRef()) continue;
    child->next_todo_ = todo;
    todo = child;
  }
  return true;
}

void ContextNode::Finish(bool canceled, const Error& error, const Error& cause) noexcept {
  ContextNode* todo = nullptr;
  if (!Latch(canceled, error, cause, todo)) return;
  Detach();
  const Error final = ErrorAccess::Share(err_.load(std::memory_order_acquire));
  const Error final_cause = cause_;
  // The work list makes depth of the tree no matter of stack. A child may be in one list only: it was taken out of its
  // parent's list under the parent's lock.
  while (todo != nullptr) {
    ContextNode* child = todo;
    todo = child->next_todo_;
    child->next_todo_ = nullptr;
    child->Latch(/*canceled=*/true, final, final_cause, todo);
    Unref(child);
  }
}

bool ContextNode::Add(ContextWaiter& waiter) noexcept {
  std::lock_guard hold(lock_);
  if (err_.load(std::memory_order_relaxed) != nullptr) return false;
  waiters_.PushBack(waiter);
  return true;
}

void ContextNode::Remove(ContextWaiter& waiter) noexcept {
  std::lock_guard hold(lock_);
  if (waiter.Linked()) waiter.Unlink();
}

void ContextNode::Renew(std::int64_t deadline_ns) noexcept {
  if (const ErrorRep* err = err_.load(std::memory_order_relaxed)) {
    (void)ErrorAccess::Adopt(err);
    err_.store(nullptr, std::memory_order_relaxed);
    cause_ = {};
  }
  deadline_ns_.store(deadline_ns, std::memory_order_relaxed);
}

const void* ContextNode::Lookup(const void* key) const noexcept {
  for (const ContextNode* node = this; node != nullptr; node = node->parent_) {
    if (node->key_ == key) return node->value_;
  }
  return nullptr;
}

}  // namespace weft::internal
