// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_SPIN_POLICY_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_SPIN_POLICY_H_

#include <algorithm>
#include <cstdint>

namespace weft::internal {

// Decides whether a loop that has nothing to do polls its inbox for a moment before it sleeps. Waking a core takes from
// some microseconds to some hundreds (a virtual machine whose core has halted). So if two loops reply to each other in quick
// succession, one that sleeps makes the other wait for so long that it sleeps as well, and once both sleep in each step, neither
// replies within the time for which a wait is worth spinning. Therefore waits are judged by what they would be without the
// sleeps, and a loop that has slept spins for longer, for some waits, until the other one is awake as well.
//
// Spinning without success costs a core. So it is tried only after some quick messages, and the more often it fails, the more of them.
// Only on the loop's thread; all times in nanoseconds.
class SpinPolicy {
 public:
  static constexpr std::int64_t kSpinNs = 20'000;      // a reply within that is worth it
  static constexpr std::int64_t kWakeMaxNs = 300'000;  // slower wake-ups than that are not waited for

  bool Worthwhile() const noexcept { return credit_ > 0; }
  // For how long to spin at most.
  std::int64_t LimitNs() const noexcept { return in_step_ ? kSpinNs : kSpinNs + 2 * WakeNs(); }

  // A spin has ended: with a message, or without.
  void Spun(bool message, std::int64_t took_ns) noexcept {
    in_step_ = message && took_ns <= kSpinNs;
    if (!in_step_) return Pay(message ? kLate : kInVain);
    if (++credit_ < kCreditMax) return;
    credit_ = kCreditMax;
    pause_ = kPauseMin;
  }

  // A sleep has ended with a message that came `after_ns` after the loop had nothing to do; it ran again `wake_ns` later.
  void WokenByMessage(std::int64_t after_ns, std::int64_t wake_ns) noexcept {
    wake_ns_ += (wake_ns - wake_ns_) / 4;
    const bool at_once = after_ns <= kSpinNs;
    if (credit_ < 0 && at_once && at_once_) {
      // A loop that replies this soon is awake, and may be trying, too: one short try, whatever was before.
      credit_ = 1;
      in_step_ = true;
    } else if (after_ns < 3 * kSpinNs + WakeNs()) {
      credit_ = credit_ == 0 ? kStart : std::min(credit_ + 1, kCreditMax);
    }
    at_once_ = at_once;
  }

 private:
  static constexpr int kCreditMax = 32;
  static constexpr int kStart = 16;
  static constexpr int kInVain = 8;
  static constexpr int kLate = 3;      // six tries in a row: the other is awake after the first, and tries itself two later
  static constexpr int kPauseMin = 8;  // quick messages before the next tries
  static constexpr int kPauseMax = 128;

  std::int64_t WakeNs() const noexcept { return wake_ns_ <= kWakeMaxNs ? wake_ns_ : 0; }
  void Pay(int price) noexcept {
    credit_ -= price;
    if (credit_ > 0) return;
    credit_ = -pause_;
    pause_ = std::min(pause_ * 2, kPauseMax);
  }

  int credit_ = 0;
  int pause_ = kPauseMin;
  bool in_step_ = false;      // the last wait was a short spin, or the next one shall be
  bool at_once_ = false;      // the last message for which it slept came at once
  std::int64_t wake_ns_ = 0;  // how long it takes to wake this loop, on average
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_SPIN_POLICY_H_
