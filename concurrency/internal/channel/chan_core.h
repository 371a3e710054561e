// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_CHAN_CORE_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_CHAN_CORE_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/prefetch.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/queue_waiter.h>

namespace weft {
template <class T>
class Chan;
}

namespace weft::internal {

// One side that waits at a channel: a send, a receive, or a case of a Select. On a cache line of its own, with the value of a
// receiver if that is small.
struct alignas(64) ChanWaiter : QueueWaiter {
  // First, right after the outcome, so that 16 bytes are left on the line: enough for a word and a flag.
  bool closed = false;    // it was woken by Close
  bool in_lock = false;   // its waker may still hold the channel's lock
  bool in_select = false;
  void* place = nullptr;  // of a sender: T*, the value; of a receiver: std::optional<T>*
};

enum class ChanStatus : std::uint8_t { kDone, kClosed, kWouldWait, kContextDone };

// What channels of all types share. The lock guards everything; it is held while a value moves, never during a wait. Receivers
// and senders do not wait at the same time, except those of Selects that were claimed by another case.
//
// The channel is destroyed with its last handle. Calls that are inside at that time, because they wait or must take the lock once
// more, are woken with kClosed, and the last of them destroys it.
class alignas(64) ChanBase {
 public:
  ChanBase(std::size_t capacity, std::size_t first_room, void (*destroy)(ChanBase*)) noexcept
      : room_(first_room), capacity_(capacity), destroy_(destroy) {}
  ChanBase(const ChanBase&) = delete;
  ChanBase& operator=(const ChanBase&) = delete;

  SmallLock& lock() noexcept WEFT_RETURNS_LOCK(lock_) { return lock_; }
  List<ChanWaiter>& receivers() noexcept WEFT_REQUIRES(lock_) { return receivers_; }
  List<ChanWaiter>& senders() noexcept WEFT_REQUIRES(lock_) { return senders_; }
  bool Close() noexcept;
  std::size_t Size() noexcept;
  std::size_t Capacity() const noexcept { return capacity_; }

  void AddHandle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
  void DropHandle() noexcept {
    if (handles_.fetch_sub(1, std::memory_order_acq_rel) == 1) Orphan();
  }
  void EnterLocked() noexcept WEFT_REQUIRES(lock_) { ++inside_; }
  // True: the caller must call Destroy, after the lock.
  [[nodiscard]] bool LeaveLocked() noexcept WEFT_REQUIRES(lock_) { return --inside_ == 0 && orphaned_; }
  void Destroy() noexcept { destroy_(this); }

  // For callers that visit very many channels, one after the other: fetches what a send to the receiver that waits here touches.
  void PrefetchReceiver() noexcept;

  // For a caller that keeps the lock: the waiter must take it as well, unless it is on this loop and so cannot run before it is released.
  void DeliverInLock(ChanWaiter& served) noexcept WEFT_REQUIRES(lock_);

 protected:
  // The first waiter that can still be claimed, which is done here; null if there is none. Unlock or DeliverInLock follows,
  // once the value has moved.
  ChanWaiter* ClaimReceiver() noexcept WEFT_REQUIRES(lock_) { return ClaimFirst(receivers_); }
  ChanWaiter* ClaimSender() noexcept WEFT_REQUIRES(lock_) { return ClaimFirst(senders_); }
  // Releases the lock and lets `served` (may be null) continue. A fiber continues only once it is delivered, so that is the
  // last access: it may then destroy the channel. A thread may continue before, but must take the lock first.
  void Unlock(ChanWaiter* served) noexcept WEFT_RELEASE(lock_) {
    const bool fiber = served != nullptr && served->fiber != nullptr;
    if (served != nullptr && !fiber) Deliver(*served);
    if (fiber && !served->in_select) --inside_;
    lock_.unlock();
    if (fiber) Deliver(*served, this);
  }
  // Called with the lock, which it releases: waits in `queue` until `waiter` has been served.
  ChanStatus WaitIn(List<ChanWaiter>& queue, ChanWaiter& waiter, const Context& ctx, const char* waits_for) noexcept
      WEFT_RELEASE(lock_);

  SmallLock lock_;
  std::uint32_t closed_ : 1 WEFT_GUARDED_BY(lock_) = 0;
  std::uint32_t orphaned_ : 1 WEFT_GUARDED_BY(lock_) = 0;  // no handle is left
  std::uint32_t inside_ : 30 WEFT_GUARDED_BY(lock_) = 0;   // waiting calls and cases that must take the lock again, or have pinned it
  std::size_t room_ WEFT_GUARDED_BY(lock_);      // how many values fit into the buffer as it is
  std::size_t size_ WEFT_GUARDED_BY(lock_) = 0;  // values in the buffer
  List<ChanWaiter> receivers_ WEFT_GUARDED_BY(lock_);
  List<ChanWaiter> senders_ WEFT_GUARDED_BY(lock_);

 private:
  ChanWaiter* ClaimFirst(List<ChanWaiter>& queue) noexcept WEFT_REQUIRES(lock_) {
    // This way, the two cache lines of a waiter on another loop are fetched at the same time.
    if (!queue.Empty()) {
      PrefetchToWrite(last_fiber_);
      PrefetchToWrite(queue.Front());
    }
    while (ChanWaiter* waiter = queue.PopFront()) {
      if (Claim(*waiter)) return waiter;
    }
    return nullptr;
  }

  void CloseLocked() noexcept WEFT_REQUIRES(lock_);
  void Orphan() noexcept;

  const void* last_fiber_ WEFT_GUARDED_BY(lock_) = nullptr;  // the last fiber that began to wait: a hint only

 protected:
  // Unguarded: do not change, or are atomic. Rarely used, so after the members that fill the first cache line.
  const std::size_t capacity_;

 private:
  std::atomic<std::size_t> handles_{1};
  void (*const destroy_)(ChanBase*);
};

// Keeps the channel of a call that continues to use it. Null: the nil channel.
class ChanPin {
 public:
  explicit ChanPin(ChanBase* chan) noexcept;
  ~ChanPin();
  ChanPin(const ChanPin&) = delete;
  ChanPin& operator=(const ChanPin&) = delete;

 private:
  ChanBase* const chan_;
};

// A channel of T. The caller of a function whose name ends in Locked then lets `served` continue.
template <class T>
class ChanState final : public ChanBase {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "values move through a channel under its lock: moving a T must not throw (wrap it in a std::unique_ptr)");

 public:
  // It has one handle. `first_room`: how many places the buffer starts with, if not all.
  explicit ChanState(std::size_t capacity, std::size_t first_room = SIZE_MAX)
      : ChanBase(capacity, std::min(capacity, first_room), [](ChanBase* chan) { delete static_cast<ChanState*>(chan); }),
        ring_(room_ != 0 ? new Slot[room_] : nullptr) {}
  ~ChanState() {
    while (size_ != 0) (void)Pop();
  }

  ChanStatus TrySendLocked(T& value, ChanWaiter*& served) noexcept WEFT_REQUIRES(this->lock_) {
    if (closed_) return ChanStatus::kClosed;
    if ((served = ClaimReceiver()) != nullptr) {
      static_cast<std::optional<T>*>(served->place)->emplace(std::move(value));
      return ChanStatus::kDone;
    }
    if (size_ == room_ && !Grow()) return ChanStatus::kWouldWait;
    Push(value);
    return ChanStatus::kDone;
  }

  ChanStatus TryReceiveLocked(std::optional<T>& out, ChanWaiter*& served) noexcept WEFT_REQUIRES(this->lock_) {
    if (size_ != 0) {
      out.emplace(Pop());
      if ((served = ClaimSender()) != nullptr) Push(*static_cast<T*>(served->place));
      return ChanStatus::kDone;
    }
    if ((served = ClaimSender()) != nullptr) {
      out.emplace(std::move(*static_cast<T*>(served->place)));
      return ChanStatus::kDone;
    }
    return closed_ ? ChanStatus::kClosed : ChanStatus::kWouldWait;
  }

  ChanStatus TrySend(T& value) noexcept {
    ChanWaiter* served = nullptr;
    lock_.lock();
    const ChanStatus status = TrySendLocked(value, served);
    Unlock(served);
    return status;
  }
  ChanStatus TryReceive(std::optional<T>& out) noexcept {
    ChanWaiter* served = nullptr;
    lock_.lock();
    const ChanStatus status = TryReceiveLocked(out, served);
    Unlock(served);
    return status;
  }

  // The context is live, as far as the caller knows.
  ChanStatus Send(const Context& ctx, T& value) noexcept {
    ChanWaiter* served = nullptr;
    lock_.lock();
    const ChanStatus status = TrySendLocked(value, served);
    if (status != ChanStatus::kWouldWait) {
      Unlock(served);
      return status;
    }
    ChanWaiter waiter;
    waiter.place = &value;
    return WaitIn(senders_, waiter, ctx, "channel send");
  }
  ChanStatus Receive(const Context& ctx, std::optional<T>& out) noexcept {
    ChanWaiter* served = nullptr;
    lock_.lock();
    const ChanStatus status = TryReceiveLocked(out, served);
    if (status != ChanStatus::kWouldWait) {
      Unlock(served);
      return status;
    }
    Receiver waiter;
    waiter.place = &waiter.value;
    const ChanStatus waited = WaitIn(receivers_, waiter, ctx, "channel receive");
    if (waited == ChanStatus::kDone) out.emplace(std::move(*waiter.value));
    return waited;
  }

 private:
  struct Receiver : ChanWaiter {
    std::optional<T> value;
  };
  static_assert(sizeof(std::optional<T>) > 16 || sizeof(Receiver) == sizeof(ChanWaiter), "a small value is on the waiter's line");
  struct Slot {
    alignas(T) std::byte bytes[sizeof(T)];
  };

  T& At(std::size_t index) noexcept { return *std::launder(static_cast<T*>(static_cast<void*>(ring_[index].bytes))); }
  void Push(T& value) noexcept WEFT_REQUIRES(this->lock_) {
    std::size_t at = first_ + size_;
    if (at >= room_) at -= room_;
    new (ring_[at].bytes) T(std::move(value));
    ++size_;
  }
  T Pop() noexcept WEFT_REQUIRES(this->lock_) {
    T& oldest = At(first_);
    T value(std::move(oldest));
    oldest.~T();
    if (++first_ == room_) first_ = 0;
    --size_;
    return value;
  }
  // False: it already has its full capacity, or there is no memory, in which case it is as full as with a smaller capacity.
  bool Grow() noexcept WEFT_REQUIRES(this->lock_) {
    if (room_ == capacity_) [[likely]] return false;
    const std::size_t more = room_ < capacity_ / 2 ? room_ * 2 : capacity_;
    std::unique_ptr<Slot[]> ring(new (std::nothrow) Slot[more]);
    if (ring == nullptr) return false;
    std::size_t moved = 0;
    for (; size_ != 0; ++moved) new (ring[moved].bytes) T(Pop());
    ring_ = std::move(ring);
    room_ = more;
    first_ = 0;
    size_ = moved;
    return true;
  }

  std::unique_ptr<Slot[]> ring_;
  std::size_t first_ WEFT_GUARDED_BY(lock_) = 0;
};

// What a Chan holds: one handle of the channel, or none.
template <class T>
class ChanHandle {
 public:
  constexpr ChanHandle() noexcept = default;
  explicit ChanHandle(std::size_t capacity, std::size_t first_room = SIZE_MAX) : state_(new ChanState<T>(capacity, first_room)) {}
  // Adds a handle.
  explicit ChanHandle(ChanState<T>* state) noexcept : state_(state) {
    if (state_ != nullptr) state_->AddHandle();
  }
  ChanHandle(const ChanHandle& other) noexcept : ChanHandle(other.state_) {}
  ChanHandle(ChanHandle&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  ChanHandle& operator=(ChanHandle other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~ChanHandle() {
    if (state_ != nullptr) state_->DropHandle();
  }

  ChanState<T>* get() const noexcept { return state_; }  // NOLINT: as smart pointers have it
  ChanState<T>* operator->() const noexcept { return state_; }
  ChanState<T>& operator*() const noexcept { return *state_; }
  friend bool operator==(const ChanHandle&, const ChanHandle&) = default;
  bool operator==(std::nullptr_t) const noexcept { return state_ == nullptr; }

 private:
  ChanState<T>* state_ = nullptr;
};

// The state of a channel, for the cases of a Select and for a Broadcast.
struct ChanAccess {
  template <class T>
  static const ChanHandle<T>& State(const Chan<T>& chan) {
    return chan.state_;
  }
  // One whose buffer starts with this much room, and grows to its capacity.
  template <class T>
  static Chan<T> Growing(std::size_t capacity, std::size_t first_room) {
    if (capacity > PTRDIFF_MAX / sizeof(T)) throw std::bad_array_new_length();  // as if it had its full capacity
    return Chan<T>(ChanHandle<T>(capacity, first_room));
  }
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_CHAN_CORE_H_
