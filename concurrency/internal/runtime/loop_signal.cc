// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop_signal.h>

#include <weft/concurrency/internal/runtime/park.h>

namespace weft {

LoopSignal::Outcome LoopSignal::Wait(const Context& ctx, const char* waits_for, TimePoint until) noexcept {
  if (parker_ != nullptr) internal::AbortMisuse("LoopSignal::Wait", "only one fiber may wait for it at a time");
  if (ctx.Err()) return Outcome::kContextDone;
  internal::Parker parker(waits_for, true);  // there must be no Notify between the caller's check and the next line
  parker_ = &parker;
  const std::uint32_t outcome = parker.Park(ctx, internal::ToNs(until));
  parker_ = nullptr;
  if (outcome == internal::Parker::kContextDone) return Outcome::kContextDone;
  return outcome == internal::Parker::kTimedOut ? Outcome::kTimedOut : Outcome::kNotified;
}

void LoopSignal::Notify() noexcept {
  if (parker_ != nullptr) static_cast<internal::Parker*>(parker_)->Wake();
}

}  // namespace weft
