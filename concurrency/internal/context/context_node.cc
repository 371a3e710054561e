// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/context/context_node.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <thread>

#include <weft/concurrency/internal/base/tracing.h>

namespace weft::internal {

constinit thread_local EndedContexts* t_wake_later = nullptr;

// How and when contexts end. If a deadline has passed by then, it determines error and cause.
struct ContextNode::Ending {
  static constexpr std::int64_t kNow = INT64_MIN;     // read once there is a deadline to compare with
  static constexpr std::int64_t kBefore = kNow + 1;  // before any deadline

  Error error;
  Error cause;
  std::int64_t at_ns = kNow;
  bool from_above = false;
  // What the last Latch has left.
  bool more_waiters = false;
  bool more_children = false;

  bool IsAfter(std::int64_t deadline_ns) noexcept {
    if (deadline_ns == kNever || at_ns == kBefore) return false;
    if (at_ns == kNow) at_ns = NowNs();
    return at_ns >= deadline_ns;
  }

  // A deadline inherited from an ancestor has passed: it ends the ancestor, and only thereby this node. The ancestor may have ended
  // otherwise a moment ago, by a thread that has not reached this node yet. True: the node is done, for the ancestor's reason.
  // False: the ancestor's deadline was removed.
  static bool EndsWithOwner(ContextNode& node) noexcept {
    if (node.deadline_from_other_) return node.EndWithOther();
    ContextNode* owner = node.cancel_parent_;
    while (owner->deadline_from_above_) owner = owner->cancel_parent_;
    if (!owner->Err()) return false;
    // A node in between may have ended before, by a thread that is on its way to this node.
    ContextNode* ended = node.cancel_parent_;
    while (!ended->Done()) ended = ended->cancel_parent_;
    ended->WaitUntilSettled();
    return node.err_.load(std::memory_order_acquire) != nullptr;
  }
};

namespace {

constexpr int kWakeAtOnce = 256;
constexpr int kChildrenAtOnce = 256;

// Puts the cause after the code. Without memory for that, the cause itself if it has this code, or the bare code: ending a
// context must not fail, and its Cause() is complete all the same.
Error WithCause(Errc code, const Error& bare, const Error& cause) noexcept {
  try {
    return ErrorAccess::Coded(code, cause);
  } catch (const std::bad_alloc&) {
    return cause.Is(bare) ? cause : bare;
  }
}

}  // namespace

ContextNode* ContextNode::NewUnattached(ContextNode* parent, std::int64_t deadline_ns, Error deadline_cause) {
  auto* node = new (0) ContextNode();
  node->canceler_ = node;
  node->parent_ = parent;
  if (parent != nullptr) parent->Ref();
  ContextNode* above = parent != nullptr ? parent->canceler_ : nullptr;
  node->deadline_ns_.store(deadline_ns, std::memory_order_relaxed);
  node->deadline_cause_ = std::move(deadline_cause);
  // Read once: it may be removed meanwhile.
  if (const std::int64_t of_above = above != nullptr ? above->DeadlineNs() : kNever; of_above <= deadline_ns && of_above != kNever) {
    node->deadline_ns_.store(of_above, std::memory_order_relaxed);
    node->deadline_cause_ = above->deadline_cause_;
    node->deadline_from_above_ = true;
  }
  return node;
}

ContextNode* ContextNode::NewCanceler(ContextNode* parent, std::int64_t deadline_ns, Error deadline_cause, std::int32_t refs) {
  ContextNode* node = NewUnattached(parent, deadline_ns, std::move(deadline_cause));
  node->refs_.store(refs, std::memory_order_relaxed);
  if (ContextNode* above = parent != nullptr ? parent->canceler_ : nullptr) node->Attach(above);
  return node;
}

ContextNode* ContextNode::NewEither(ContextNode* parent, ContextNode* other) {
  ContextNode* above = parent != nullptr ? parent->canceler_ : nullptr;
  ContextNode* second = other != nullptr ? other->canceler_ : nullptr;
  if (second == nullptr || second == above) return NewCanceler(parent, kNever, {});
  ContextNode* relay = NewDetached(second);
  ContextNode* node = nullptr;
  const std::int64_t deadline_ns = second->DeadlineNs();
  try {
    node = NewUnattached(parent, deadline_ns, deadline_ns != kNever ? second->deadline_cause_ : Error());
  } catch (...) {
    Unref(relay);
    throw;
  }
  node->deadline_from_other_ = deadline_ns != kNever && !node->deadline_from_above_;
  node->partner_ = relay;
  node->RefMemory();
  relay->canceler_ = relay;
  relay->is_relay_ = true;
  relay->partner_ = node;
  if (above != nullptr) node->Attach(above);
  relay->Attach(second);
  return node;
}

ContextNode* ContextNode::NewDetached(ContextNode* parent) {
  auto* node = new (0) ContextNode();
  node->parent_ = parent;
  if (parent != nullptr) parent->Ref();
  return node;
}

ContextNode* ContextNode::NewValue(ContextNode* parent, const void* key, const ValueType& type, void* from) {
  const std::size_t slack = std::max(type.alignment, alignof(ContextNode)) - alignof(ContextNode);
  auto* node = new (type.size + slack) ContextNode();
  const auto after = reinterpret_cast<std::uintptr_t>(node + 1);
  const std::uintptr_t aligned = (after + type.alignment - 1) & ~(type.alignment - 1);
  node->value_ = reinterpret_cast<char*>(node + 1) + (aligned - after);
  try {
    type.move(node->value_, from);
  } catch (...) {
    delete node;
    throw;
  }
  node->destroy_ = type.destroy;
  node->key_ = key;
  node->parent_ = parent;
  if (parent != nullptr) {
    parent->Ref();
    node->canceler_ = parent->canceler_;
  }
  return node;
}

// True: that was the last one. Only cancelers have a parent that may take a reference meanwhile, so the last holder of another node
// needs no atomic step.
inline bool ContextNode::DropRef() noexcept {
  if (canceler_ != this && refs_.load(std::memory_order_acquire) == 1) return true;
  return refs_.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

// Ancestors may form a long chain, and so may nodes that end with two others: no recursion.
void ContextNode::Unref(ContextNode* node) noexcept {
  ContextNode* relays = nullptr;
  while (node != nullptr && node->DropRef()) node = node->Clear(relays);
  while (relays != nullptr) [[unlikely]] {
    node = std::exchange(relays, relays->next_todo_)->Clear(relays);
    while (node != nullptr && node->DropRef()) node = node->Clear(relays);
  }
}

// For a node without references: releases what it holds, except for the reference to its parent, which it returns, and the one to its
// relay, which it puts into `relays` if it was the last one.
ContextNode* ContextNode::Clear(ContextNode*& relays) noexcept {
  // One that is done has left its parent's children: the thread that ended it has taken it out.
  if (const ErrorRep* err = err_.load(std::memory_order_relaxed)) {
    (void)ErrorAccess::Adopt(err);
  } else {
    Detach();
  }
  if (destroy_ != nullptr) destroy_(value_);
  if (partner_ != nullptr) [[unlikely]] GiveUpPartner(relays);
  ContextNode* parent = parent_;
  if (memory_refs_.load(std::memory_order_acquire) != 1) {
    cause_ = {};
    deadline_cause_ = {};
  }
  UnrefMemory(this);
  return parent;
}

void ContextNode::GiveUpPartner(ContextNode*& relays) noexcept {
  if (is_relay_) return UnrefMemory(partner_);
  if (partner_->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) partner_->next_todo_ = std::exchange(relays, partner_);
}

void ContextNode::UnrefMemory(ContextNode* node) noexcept {
  // The only reference left needs no atomic step: new ones are made from existing ones only.
  if (node->memory_refs_.load(std::memory_order_acquire) == 1 || node->memory_refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node;
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
  // The parent was done before this node was made, whatever the deadlines say.
  Ending ending{cancel_parent->Err(), cancel_parent->Cause(), Ending::kBefore, true};
  Finish(ending);
}

void ContextNode::Detach() noexcept {
  if (cancel_parent_ == nullptr) return;
  std::lock_guard hold(cancel_parent_->lock_);
  if (Link<SiblingTag>::Linked()) Link<SiblingTag>::Unlink();
}

Error ContextNode::Err() noexcept {
  if (const ErrorRep* err = err_.load(std::memory_order_acquire)) return ErrorAccess::Share(err);
  const std::int64_t deadline = DeadlineNs();
  if (deadline == kNever) return {};
  Ending ending;
  if (!ending.IsAfter(deadline)) return {};
  if (!(deadline_from_above_ || deadline_from_other_) || !Ending::EndsWithOwner(*this)) Finish(ending);
  return ErrorAccess::Share(err_.load(std::memory_order_acquire));
}

Error ContextNode::Cause() noexcept {
  if (Error err = Err()) return cause_;
  return {};
}

void ContextNode::Cancel(Error cause) noexcept {
  if (!cause) return Cancel();
  if (err_.load(std::memory_order_acquire) == nullptr) {
    Ending ending{WithCause(Errc::kCanceled, kCanceled, cause), cause};
    return End(ending);
  }
  WaitUntilSettled();
}

void ContextNode::Cancel() noexcept {
  if (err_.load(std::memory_order_acquire) == nullptr) {
    Ending ending{kCanceled, kCanceled};
    return End(ending);
  }
  WaitUntilSettled();
}

void ContextNode::CancelByScope() noexcept {
  if (err_.load(std::memory_order_acquire) == nullptr) {
    Ending ending{Error(kCanceledByScopeRep), Error(kScopeGoneRep)};
    return End(ending);
  }
  WaitUntilSettled();
}

void ContextNode::End(Ending& ending) noexcept {
  TraceCancel(this);
  if ((deadline_from_above_ || deadline_from_other_) && ending.IsAfter(DeadlineNs()) && Ending::EndsWithOwner(*this)) return;
  if (!Finish(ending)) WaitUntilSettled();
}

// Sets the error if none is set, fires the first waiters, and moves the live children to `todo`.
bool ContextNode::Latch(Ending& ending, ContextNode*& todo) noexcept {
  if (!SetError(ending, todo)) return false;
  // No more children are added, but children remove themselves.
  while (ending.more_children) {
    std::lock_guard hold(lock_);
    ending.more_children = TakeChildrenLocked(todo);
  }
  return true;
}

// An overdue deadline is older than this end, so it is the reason.
bool ContextNode::SetError(Ending& ending, ContextNode*& todo) noexcept {
  std::lock_guard hold(lock_);
  if (err_.load(std::memory_order_relaxed) != nullptr) return false;
  const bool overdue = ending.IsAfter(DeadlineNs());
  if (!overdue && !ending.error) return false;  // the deadline was removed just now
  Error final = ending.error;
  if (overdue) final = deadline_cause_ ? WithCause(Errc::kDeadlineExceeded, kDeadlineExceeded, deadline_cause_) : kDeadlineExceeded;
  cause_ = overdue ? (deadline_cause_ ? deadline_cause_ : kDeadlineExceeded) : ending.cause;
  ended_from_above_ = overdue ? deadline_from_above_ || deadline_from_other_ : ending.from_above;
  const bool leaf = children_.Empty();
  if (leaf) settled_.store(true, std::memory_order_relaxed);
  err_.store(ErrorAccess::Release(std::move(final)), std::memory_order_seq_cst);  // see ClaimIf in park.cc
  // Most have neither, and there may be very many of them.
  ending.more_waiters = !waiters_.Empty() && WakeSomeLocked(kWakeAtOnce);
  ending.more_children = !leaf && TakeChildrenLocked(todo);
  return true;
}

// False: there are no more.
bool ContextNode::TakeChildrenLocked(ContextNode*& todo) noexcept {
  for (int left = kChildrenAtOnce; left > 0; --left) {
    ContextNode* child = children_.PopFront();
    if (child == nullptr) return false;
    // A child without references is just being destroyed.
    if (!child->TryRef()) continue;
    child->next_todo_ = todo;
    todo = child;
  }
  return true;
}

bool ContextNode::WakeSomeLocked(int most) noexcept {
  for (; most > 0; --most) {
    ContextWaiter* waiter = waiters_.PopFront();
    if (waiter == nullptr) return false;
    waiter->fire(waiter);
  }
  return !waiters_.Empty();
}

bool ContextNode::WakeSome(int most) noexcept {
  std::lock_guard hold(lock_);
  return WakeSomeLocked(most);
}

// The node is no longer in a list of children, so its link can be used for the loop's list.
void ContextNode::WakeRest() noexcept {
  if (t_wake_later == nullptr) {
    while (WakeSome(kWakeAtOnce)) {
    }
    return;
  }
  RefMemory();
  t_wake_later->PushBack(*this);
}

// Returns the relays that it has ended, with a reference to each. False: another thread is ending this node, or has ended it.
[[gnu::always_inline]] inline bool ContextNode::FinishTree(Ending& ending, ContextNode*& relays) noexcept {
  ContextNode* todo = nullptr;
  if (!Latch(ending, todo)) return false;
  Detach();
  if (ending.more_waiters) WakeRest();
  if (is_relay_) {
    Ref();
    next_todo_ = std::exchange(relays, this);
  } else if (!settled_.load(std::memory_order_relaxed)) {
    Ending inherited{ErrorAccess::Share(err_.load(std::memory_order_acquire)), cause_, ending.at_ns, /*from_above=*/true};
    FinishBelow(todo, inherited, relays);
    ending.at_ns = inherited.at_ns;  // one point in time for everything that ends now
  }
  return true;
}

// The same, and then ends the targets of the relays.
bool ContextNode::Finish(Ending& ending) noexcept {
  ContextNode* relays = nullptr;
  const bool ours = FinishTree(ending, relays);
  if (relays != nullptr) [[unlikely]] FinishTargets(relays, ending.at_ns);
  return ours;
}

// One after the other, each settled before the next one: see the class.
void ContextNode::FinishTargets(ContextNode* relays, std::int64_t at_ns) noexcept {
  while (relays != nullptr) {
    ContextNode* relay = std::exchange(relays, relays->next_todo_);
    if (ContextNode* target = relay->partner_; target->TryRef()) {
      Ending ending{relay->Err(), relay->Cause(), at_ns, /*from_above=*/true};
      if (!target->FinishTree(ending, relays)) target->WaitUntilSettled();
      at_ns = ending.at_ns;
      Unref(target);
    }
    Unref(relay);
  }
}

// The deadline of this node has passed. It is that of the other node, which may have ended otherwise a moment ago. False: the other
// node's deadline was removed.
bool ContextNode::EndWithOther() noexcept {
  ContextNode* other = partner_->cancel_parent_;
  Ending ending{other->Err(), other->Cause(), Ending::kBefore, /*from_above=*/true};
  if (!ending.error) return false;
  if (!Finish(ending)) WaitUntilSettled();
  return true;
}

// Work lists instead of recursion: a tree may be deep. A node is in one list only, because it was taken out of its parent's
// children under the parent's lock.
void ContextNode::FinishBelow(ContextNode* todo, Ending& ending, ContextNode*& relays) noexcept {
  ContextNode* ended = nullptr;
  ContextNode* of_others = nullptr;  // another thread ends them and everything below
  while (todo != nullptr) {
    ContextNode* child = todo;
    todo = child->next_todo_;
    const bool latched = child->Latch(ending, todo);
    if (latched && ending.more_waiters) child->WakeRest();
    ContextNode*& list = latched ? child->is_relay_ ? relays : ended : of_others;
    child->next_todo_ = list;
    list = child;
  }
  for (ContextNode* node = of_others; node != nullptr; node = node->next_todo_) node->WaitUntilSettled();
  for (ContextNode* node = ended; node != nullptr; node = node->next_todo_) node->settled_.store(true, std::memory_order_release);
  settled_.store(true, std::memory_order_release);
  // Last, because destroying the values of a context may run users' code, which may cancel.
  for (ContextNode* list : {ended, of_others}) {
    while (list != nullptr) Unref(std::exchange(list, list->next_todo_));
  }
}

void ContextNode::WaitUntilSettled() const noexcept {
  while (!settled_.load(std::memory_order_acquire)) std::this_thread::yield();
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

void ContextNode::Renew(std::int64_t deadline_ns, const Error& deadline_cause) noexcept {
  const bool as_before = ErrorAccess::Rep(deadline_cause_) == ErrorAccess::Rep(deadline_cause);
  if (err_.load(std::memory_order_relaxed) != nullptr || !as_before) [[unlikely]] Revive(deadline_cause);
  deadline_ns_.store(deadline_ns, std::memory_order_relaxed);
}

// A separate function, so that the registers it needs are not saved at every use.
[[gnu::noinline]] void ContextNode::Revive(const Error& deadline_cause) noexcept {
  if (const ErrorRep* err = err_.load(std::memory_order_relaxed)) {
    (void)ErrorAccess::Adopt(err);
    err_.store(nullptr, std::memory_order_relaxed);
    cause_ = {};
    ended_from_above_ = false;
    settled_.store(false, std::memory_order_relaxed);
  }
  deadline_cause_ = deadline_cause;
}

const void* ContextNode::Lookup(const void* key) const noexcept {
  for (const ContextNode* node = this; node != nullptr; node = node->parent_) {
    if (node->key_ == key) return node->value_;
  }
  return nullptr;
}

}  // namespace weft::internal
