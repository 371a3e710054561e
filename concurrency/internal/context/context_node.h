// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CONTEXT_CONTEXT_NODE_H_
#define WEFT_CONCURRENCY_INTERNAL_CONTEXT_CONTEXT_NODE_H_

#include <atomic>
#include <cstdint>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

struct WaiterTag;
struct SiblingTag;

// Something to be notified once when a context is done. `fire` runs under the context's lock, on the thread that cancels, after
// the waiter was removed from the list: it must not block, and must not touch a context. It no longer runs once Remove has
// returned, so a waiter may be on a stack.
struct ContextWaiter : Link<WaiterTag> {
  void (*fire)(ContextWaiter*) = nullptr;
};

// One node of the context tree. A node that can be done by itself (WithCancel and the like) is a canceler; a value node passes
// all calls to its nearest canceler.
//
// Locks are never nested: a cancel takes its children out under the lock, with a reference each, and continues with them after
// it. `err_` is set once, under the lock, and read without it. A cancel that finds another one at work on the same node, or on
// a descendant, waits for it: when it returns, everything below is done. Such waits lead downwards only.
//
// A node that ends with either of two others (NewEither) is the child of one of them; below the other one is its relay, a node without
// children. A thread that ends a relay ends its target next, once everything that it has ended before is settled: a thread
// that holds unsettled nodes waits only for those below them.
//
// Ending a context on a loop fires its first waiters at once and leaves the rest to later turns of that loop, which keeps the node
// in a list meanwhile. So a cancel with very many waiters delays neither that loop nor, by the lock, any other. All waiters see at
// once that the context is done.
class ContextNode : public Link<SiblingTag> {
 public:
  // A canceler below `parent` (may be null: Background), done at `deadline_ns` at the latest, with this many references for the caller.
  static ContextNode* NewCanceler(ContextNode* parent, std::int64_t deadline_ns, Error deadline_cause, std::int32_t refs = 1);
  // Values of `parent` only.
  static ContextNode* NewDetached(ContextNode* parent);
  // The value is moved out of `from`.
  static ContextNode* NewValue(ContextNode* parent, const void* key, const ValueType& type, void* from);
  // A canceler below `parent` that is also done when `other` is.
  static ContextNode* NewEither(ContextNode* parent, ContextNode* other);

  void Ref() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  static void Unref(ContextNode* node) noexcept;  // null is allowed
  // Keeps the memory and the list of waiters, but not what the context carries: for a waiter that stays registered when the
  // context is no longer used. By the holder of a reference.
  void RefMemory() noexcept { memory_refs_.fetch_add(1, std::memory_order_relaxed); }
  static void UnrefMemory(ContextNode* node) noexcept;
  // Nothing else has a reference of either kind.
  bool Unique() const noexcept {
    return refs_.load(std::memory_order_acquire) == 1 && memory_refs_.load(std::memory_order_acquire) == 1;
  }

  ContextNode* Canceler() noexcept { return canceler_; }

  // The following are for cancelers.
  Error Err() noexcept;
  Error Cause() noexcept;
  // Whether it has ended; does not look at the clock.
  bool Done() const noexcept { return err_.load(std::memory_order_seq_cst) != nullptr; }
  std::int64_t DeadlineNs() const noexcept { return deadline_ns_.load(std::memory_order_relaxed); }
  // Whether Err() may return an error: not without a deadline, until it has ended.
  bool MayBeDone() const noexcept { return Done() || DeadlineNs() != kNever; }
  void Cancel(Error cause) noexcept;
  void Cancel() noexcept;  // without a cause: that of each group that ends
  // Called at the end of the scope that has made it.
  void CancelByScope() noexcept;
  // Of a context that has ended: whether an ancestor's end, or an ancestor's deadline, has ended it.
  bool EndedFromAbove() const noexcept { return Done() && ended_from_above_; }
  // Registers the waiter and returns true; false if the context is done already.
  bool Add(ContextWaiter& waiter) noexcept;
  void Remove(ContextWaiter& waiter) noexcept;
  // Of a context that has ended: fires up to `most` of the waiters that are still registered. False if none are left.
  bool WakeSome(int most) noexcept;

  // Makes an unshared root node new for the next use, with another deadline.
  void Renew(std::int64_t deadline_ns, const Error& deadline_cause) noexcept;
  // Removes the deadline; nodes derived before keep theirs. On the thread that waits under it.
  void DropDeadline() noexcept { deadline_ns_.store(kNever, std::memory_order_relaxed); }

  const void* Lookup(const void* key) const noexcept;

 private:
  ContextNode() noexcept = default;
  ~ContextNode() = default;
  // `extra` bytes lie after the node, for its value.
  static void* operator new(std::size_t size, std::size_t extra) { return ::operator new(size + extra); }
  static void operator delete(void* node) noexcept { ::operator delete(node); }
  static ContextNode* NewUnattached(ContextNode* parent, std::int64_t deadline_ns, Error deadline_cause);
  void Revive(const Error& deadline_cause) noexcept;
  bool DropRef() noexcept;
  void Attach(ContextNode* cancel_parent) noexcept;
  void Detach() noexcept;
  bool TryRef() noexcept;
  ContextNode* Clear(ContextNode*& relays) noexcept;
  void GiveUpPartner(ContextNode*& relays) noexcept;
  struct Ending;
  void End(Ending& ending) noexcept;
  bool Finish(Ending& ending) noexcept;
  bool FinishTree(Ending& ending, ContextNode*& relays) noexcept;
  [[gnu::noinline]] static void FinishTargets(ContextNode* relays, std::int64_t at_ns) noexcept;
  bool EndWithOther() noexcept;
  bool Latch(Ending& ending, ContextNode*& todo) noexcept;
  bool SetError(Ending& ending, ContextNode*& todo) noexcept;
  bool TakeChildrenLocked(ContextNode*& todo) noexcept WEFT_REQUIRES(lock_);
  bool WakeSomeLocked(int most) noexcept WEFT_REQUIRES(lock_);
  void WakeRest() noexcept;
  void FinishBelow(ContextNode* todo, Ending& ending, ContextNode*& relays) noexcept;
  void WaitUntilSettled() const noexcept;

  std::atomic<std::int32_t> refs_{1};
  std::atomic<std::int32_t> memory_refs_{1};  // all references together count as one
  SmallLock lock_;
  std::atomic<const ErrorRep*> err_{nullptr};  // owns a reference
  std::atomic<std::int64_t> deadline_ns_{kNever};  // the earliest of this node and its ancestors
  // Unguarded: written before others know the node, or before err_; next_todo_ by the thread that took the node out of its
  // list.
  ContextNode* parent_ = nullptr;              // counted
  ContextNode* canceler_ = nullptr;            // this, or an ancestor, or null: never done
  ContextNode* cancel_parent_ = nullptr;       // the ancestor that ends this canceler
  ContextNode* next_todo_ = nullptr;           // in the work lists of one cancel, or of the end of the last reference
  ContextNode* partner_ = nullptr;             // of a NewEither: its relay, counted; of a relay: its target, whose memory is counted
  std::atomic<bool> settled_{false};           // err_ is set here and in all descendants
  bool ended_from_above_ = false;              // written before err_
  bool deadline_from_above_ = false;           // deadline_ns_ is an ancestor's
  bool deadline_from_other_ = false;           // it is that of the other node of a NewEither
  bool is_relay_ = false;
  Error cause_;                                // written before err_
  Error deadline_cause_;                       // of the deadline in deadline_ns_

  List<ContextNode, SiblingTag> children_ WEFT_GUARDED_BY(lock_);     // not counted: they hold us
  List<ContextWaiter, WaiterTag> waiters_ WEFT_GUARDED_BY(lock_);
  // Unguarded: of a value node, which has no other state.
  const void* key_ = nullptr;
  void* value_ = nullptr;
  void (*destroy_)(void*) = nullptr;
};

// Contexts that have ended, with the waiters that are yet to be woken; of each a count of its memory.
using EndedContexts = List<ContextNode, SiblingTag>;

// Where a loop's thread leaves them for the loop's later turns; null on other threads.
extern constinit thread_local EndedContexts* t_wake_later;

}  // namespace weft::internal

namespace weft {

// Gives weft's own code access to the inside of a Context.
class ContextAccess {
 public:
  static internal::ContextNode* Node(const Context& ctx) noexcept { return ctx.node_; }
  // The node that can be done; null for a context that never is.
  static internal::ContextNode* Canceler(const Context& ctx) noexcept {
    return ctx.node_ != nullptr ? ctx.node_->Canceler() : nullptr;
  }
  static Context Adopt(internal::ContextNode* node) noexcept { return Context(node); }
  static Context Share(internal::ContextNode* node) noexcept {
    if (node != nullptr) node->Ref();
    return Context(node);
  }
  static CancelFunc MakeCancel(internal::ContextNode* node, std::unique_ptr<internal::CancelFinisher> finisher);
  // Takes over two references.
  static CancelScope MakeScope(internal::ContextNode* node) noexcept;
  // The quick form of ctx.Err(): false for a context that is live and has no deadline, as most are; else call Err().
  static bool MayBeDone(const Context& ctx) noexcept {
    internal::ContextNode* canceler = Canceler(ctx);
    return canceler != nullptr && canceler->MayBeDone();
  }
  static std::int64_t DeadlineNs(const Context& ctx) noexcept {
    internal::ContextNode* canceler = Canceler(ctx);
    return canceler != nullptr ? canceler->DeadlineNs() : internal::kNever;
  }
};

namespace internal {

// What else a cancel function does: ends and joins a watch.
struct CancelFinisher {
  virtual ~CancelFinisher() = default;
  virtual void Stop() noexcept = 0;  // may be called again
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_CONTEXT_CONTEXT_NODE_H_
