// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/signal_action.h>

#include <pthread.h>

namespace weft::internal {
namespace {

bool IsHandler(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 ? action.sa_sigaction != nullptr : action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

}  // namespace

void DoDefaultAction(int signal, const struct sigaction& ours) noexcept {
  struct sigaction fallback{};
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, nullptr);
  raise(signal);
  // Within its own handler a signal is blocked, so it is delivered now.
  sigset_t one;
  sigset_t before;
  sigemptyset(&one);
  sigaddset(&one, signal);
  pthread_sigmask(SIG_UNBLOCK, &one, &before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  sigaction(signal, &ours, nullptr);
}

bool EndsByDefault(int signal) noexcept {
  switch (signal) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU: return false;
    default: return true;
  }
}

bool SignalOverlay::InForce(const struct sigaction& now) const noexcept {
  return ours_.sa_sigaction != nullptr && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == ours_.sa_sigaction;
}

void SignalOverlay::PutOn(int signal, Handler handler) noexcept {
  struct sigaction now{};
  sigaction(signal, nullptr, &now);
  if (InForce(now)) return;
  before_ = now;
  used_up_.store(false, std::memory_order_relaxed);
  ours_.sa_sigaction = handler;
  ours_.sa_flags = SA_SIGINFO | SA_ONSTACK;
  // Whether a system call is interrupted stays as it was.
  if (!IsHandler(now) || (now.sa_flags & SA_RESTART) != 0) ours_.sa_flags |= SA_RESTART;
  sigemptyset(&ours_.sa_mask);
  sigaction(signal, &ours_, nullptr);
}

void SignalOverlay::TakeBack(int signal) noexcept {
  struct sigaction now{};
  sigaction(signal, nullptr, &now);
  if (!InForce(now)) return;
  struct sigaction before = before_;
  if (used_up_.load(std::memory_order_relaxed)) {
    before = {};
    before.sa_handler = SIG_DFL;
  }
  sigaction(signal, &before, nullptr);
}

void SignalOverlay::CarryOut(int signal, siginfo_t* info, void* machine) noexcept {
  if (CallBefore(signal, info, machine)) return;
  const bool ignored = !IsHandler(before_) && before_.sa_handler == SIG_IGN;
  if (!ignored) DoDefaultAction(signal, ours_);
}

bool SignalOverlay::CallBefore(int signal, siginfo_t* info, void* machine) noexcept {
  if (!IsHandler(before_)) return false;
  if ((before_.sa_flags & SA_RESETHAND) != 0 && used_up_.exchange(true, std::memory_order_relaxed)) return false;
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, &before_.sa_mask, &mask);
  if ((before_.sa_flags & SA_NODEFER) != 0) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal);
    pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  }
  if ((before_.sa_flags & SA_SIGINFO) != 0) {
    before_.sa_sigaction(signal, info, machine);
  } else {
    before_.sa_handler(signal);
  }
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  return true;
}

}  // namespace weft::internal
