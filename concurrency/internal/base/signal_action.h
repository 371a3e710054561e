// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_SIGNAL_ACTION_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_SIGNAL_ACTION_H_

#include <atomic>
#include <csignal>

namespace weft::internal {

// Does in a signal handler what the system does by default on this signal, which usually ends the process. If it does not (signals
// that are ignored or only stop; the kernel spares the first process of a container), `ours` is in force again afterwards.
void DoDefaultAction(int signal, const struct sigaction& ours) noexcept;

// Whether this signal ends the process by default.
bool EndsByDefault(int signal) noexcept;

// A handler of ours that replaces the previous one of a signal, and passes on what is not meant for it. A
// static object, because the handler may run at any time.
class SignalOverlay {
 public:
  using Handler = void (*)(int signal, siginfo_t* info, void* machine);

  // Does nothing if it is in force already. One thread at a time; the same applies to TakeBack.
  void PutOn(int signal, Handler handler) noexcept;
  // Restores what was set before, unless something else was set meanwhile.
  void TakeBack(int signal) noexcept;

  // In the handler, for a signal that was sent, and not caused by the interrupted instruction: does exactly what was set before,
  // every time.
  void CarryOut(int signal, siginfo_t* info, void* machine) noexcept;
  // In the handler: calls the previous handler. False if there was none.
  bool CallBefore(int signal, siginfo_t* info, void* machine) noexcept;

 private:
  bool InForce(const struct sigaction& now) const noexcept;

  struct sigaction before_{};
  struct sigaction ours_{};
  std::atomic<bool> used_up_{false};  // before_ was a one-time handler (SA_RESETHAND)
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_SIGNAL_ACTION_H_
