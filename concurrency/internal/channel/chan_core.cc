// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/channel/chan_core.h>

#include <mutex>

#include <weft/concurrency/internal/runtime/park.h>

namespace weft::internal {

ChanStatus ChanBase::WaitIn(List<ChanWaiter>& queue, ChanWaiter& waiter, const Context& ctx, const char* waits_for) noexcept {
  Parker parker(waits_for, true);
  waiter.WaitWith(parker, Parker::kWoken);
  queue.PushBack(waiter);
  EnterLocked();
  last_fiber_ = waiter.fiber;
  if (waiter.fiber != nullptr) waiter.fiber->fetch.SetWaiter(&waiter);
  lock_.unlock();
  const bool woken = parker.Park(ctx) == Parker::kWoken;
  if (!woken || parker.OnThread() || waiter.in_lock) {
    lock_.lock();
    waiter.Leave();
    const bool last = LeaveLocked();
    lock_.unlock();
    if (last) Destroy();
  }
  if (!woken) return ChanStatus::kContextDone;
  return waiter.closed ? ChanStatus::kClosed : ChanStatus::kDone;
}

void ChanBase::PrefetchReceiver() noexcept {
  const std::lock_guard hold(lock_);
  if (receivers_.Empty()) return;
  // The second line is for a value that is not small.
  PrefetchToWrite(receivers_.Front());
  PrefetchToWrite(receivers_.Front() + 1);
  if (last_fiber_ != nullptr) static_cast<const FiberCore*>(last_fiber_)->PrefetchToWake();
}

void ChanBase::DeliverInLock(ChanWaiter& served) noexcept {
  served.in_lock = served.fiber == nullptr || &served.fiber->loop != CurrentLoop();
  if (!served.in_lock && !served.in_select) --inside_;
  Deliver(served);
}

bool ChanBase::Close() noexcept {
  std::lock_guard hold(lock_);
  if (closed_) return false;
  CloseLocked();
  return true;
}

void ChanBase::CloseLocked() noexcept {
  closed_ = 1;
  for (List<ChanWaiter>* queue : {&receivers_, &senders_}) {
    while (ChanWaiter* waiter = ClaimFirst(*queue)) {
      waiter->closed = true;
      DeliverInLock(*waiter);
    }
  }
}

void ChanBase::Orphan() noexcept {
  lock_.lock();
  CloseLocked();
  orphaned_ = 1;
  const bool last = inside_ == 0;
  lock_.unlock();
  if (last) Destroy();
}

ChanPin::ChanPin(ChanBase* chan) noexcept : chan_(chan) {
  if (chan_ == nullptr) return;
  std::lock_guard hold(chan_->lock());
  chan_->EnterLocked();
}

ChanPin::~ChanPin() {
  if (chan_ == nullptr) return;
  chan_->lock().lock();
  const bool last = chan_->LeaveLocked();
  chan_->lock().unlock();
  if (last) chan_->Destroy();
}

std::size_t ChanBase::Size() noexcept {
  std::lock_guard hold(lock_);
  return size_;
}

}  // namespace weft::internal
