// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SIGNAL_VERDICT_H_
#define WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SIGNAL_VERDICT_H_

#include <csignal>
#include <cstdint>

namespace weft::internal {

// What the handler of a NotifyContext does with a signal that arrives `since_first_ns` after the first one.
enum class SignalVerdict { kNothing, kDefaultAction };

// Supervisors send SIGTERM twice in a row (timeout sends it to the process and then to its group): that must not kill a process that
// has just begun to end. A user who presses Ctrl-C again means it.
constexpr SignalVerdict JudgeLaterSignal(int signal, std::int64_t since_first_ns) noexcept {
  constexpr std::int64_t kTwiceInARowNs = 500'000'000;
  if (signal == SIGINT || signal == SIGQUIT) return SignalVerdict::kDefaultAction;
  return since_first_ns < kTwiceInARowNs ? SignalVerdict::kNothing : SignalVerdict::kDefaultAction;
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SIGNAL_VERDICT_H_
