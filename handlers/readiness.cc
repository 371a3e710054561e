// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/readiness.h>

namespace weft {

std::vector<std::string> Readiness::Reasons() const {
  std::vector<std::string> reasons;
  const std::int64_t servers = servers_.load(std::memory_order_acquire);
  if (servers >= kOneDraining) {
    reasons.emplace_back("a server is draining");
  } else if (servers <= 0) {
    reasons.emplace_back("no server is serving");
  }
  if (held_back_.load(std::memory_order_acquire)) reasons.emplace_back("held back");
  std::lock_guard hold(lock_);
  reasons.insert(reasons.end(), reasons_.begin(), reasons_.end());
  return reasons;
}

ReadinessHold Readiness::Hold(std::string reason) {
  std::lock_guard hold(lock_);
  const Held::iterator held = reasons_.insert(reasons_.end(), std::move(reason));
  holds_.fetch_add(1, std::memory_order_acq_rel);
  return {*this, held};
}

void Readiness::Release(Held::iterator hold) noexcept {
  std::lock_guard locked(lock_);
  reasons_.erase(hold);
  holds_.fetch_sub(1, std::memory_order_acq_rel);
}

}  // namespace weft
