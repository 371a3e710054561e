// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/chan_core.h>

#include <mutex>

#include <weft/concurrency/internal/park.h>

namespace weft::internal {

ChanStatus ChanBase::WaitIn(List<ChanWaiter>& queue, ChanWaiter& waiter, const Context& ctx, const char* waits_for) noexcept {
  Parker parker(waits_for, true);
  waiter.WaitWith(parker, Parker::kWoken);
  queue.PushBack(waiter);
  last_fiber_ = waiter.fiber;
  if (waiter.fiber != nullptr) waiter.fiber->fetch.SetWaiter(&waiter);
  lock_.unlock();
  const bool woken = parker.Park(ctx) == Parker::kWoken;
  if (!woken || parker.OnThread() || waiter.in_lock) {
    std::lock_guard hold(lock_);
    waiter.Leave();
  }
  if (!woken) return ChanStatus::kContextDone;
  return waiter.closed ? ChanStatus::kClosed : ChanStatus::kDone;
}

void DeliverInLock(ChanWaiter& served) noexcept {
  served.in_lock = served.fiber == nullptr || &served.fiber->loop != CurrentLoop();
  Deliver(served);
}

bool ChanBase::Close() noexcept {
  std::lock_guard hold(lock_);
  if (closed_) return false;
  closed_ = true;
  for (List<ChanWaiter>* queue : {&receivers_, &senders_}) {
    while (ChanWaiter* waiter = ClaimFirst(*queue)) {
      waiter->closed = true;
      DeliverInLock(*waiter);
    }
  }
  return true;
}

std::size_t ChanBase::Size() noexcept {
  std::lock_guard hold(lock_);
  return size_;
}

}  // namespace weft::internal
