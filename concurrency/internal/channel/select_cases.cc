// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/channel/select_cases.h>

namespace weft::internal {

bool ContextCase::Enter(Parker& parker, std::uint32_t outcome) noexcept {
  ContextNode* canceler = ContextAccess::Canceler(ctx_);
  if (canceler == nullptr) return true;
  watch_.waiter.WaitWith(parker, outcome);
  watch_.fire = [](ContextWaiter* waiter) { Wake(static_cast<Watch*>(waiter)->waiter); };
  return canceler->Add(watch_);
}

void ContextCase::Leave() noexcept {
  if (ContextNode* canceler = ContextAccess::Canceler(ctx_)) canceler->Remove(watch_);
}

}  // namespace weft::internal
