// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/channel/pending_receive_core.h>

#include <mutex>
#include <utility>

namespace weft::internal {

void PendingReceiveCore::Leave() noexcept {
  if (chan_ == nullptr) return;
  const std::lock_guard hold(chan_->lock());
  waiter_.Leave();
}

void PendingReceiveCore::Enter(void* place, CancelFunc wake) noexcept {
  std::swap(waiter_.wake, wake);
  waiter_.place = place;
  waiter_.BeTold(&Told);
  if (!waiter_.Linked()) chan_->receivers().PushBack(waiter_);
  chan_->lock().unlock();
  // What `wake` has ended is released here, without the lock.
}

void PendingReceiveCore::Told(QueueWaiter& waiter) noexcept { static_cast<Waiter&>(waiter).wake(); }

}  // namespace weft::internal
