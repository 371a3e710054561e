// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/thread_stack.h>

#include <unwind.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <mutex>

#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/internal/observe/interrupted.h>

namespace weft::internal {
namespace {

constexpr int kSignal = SIGURG;
constexpr std::size_t kDepthMax = 64;
constexpr int kPatienceMs = 100;

enum class Step : int { kNone, kAsked, kWalking, kDone };

// A request to the handler, one at a time: the holder of the lock lends what it guards to the handler, from kWalking to kDone.
ThreadMutex g_interrupt_lock;
std::atomic<Step> g_step{Step::kNone};
std::atomic<pthread_t> g_thread{};
std::uintptr_t g_found[kDepthMax] WEFT_GUARDED_BY(g_interrupt_lock);
std::size_t g_count WEFT_GUARDED_BY(g_interrupt_lock) = 0;
std::uintptr_t g_interrupted WEFT_GUARDED_BY(g_interrupt_lock) = 0;

// The handler's own frames come first; what was interrupted begins at its instruction.
_Unwind_Reason_Code Note(_Unwind_Context* frame, void*) WEFT_NO_LOCK_ANALYSIS {
  const std::uintptr_t address = _Unwind_GetIP(frame);
  if (address == 0) return _URC_END_OF_STACK;
  if (g_count == 0 && address != g_interrupted) return _URC_NO_REASON;
  g_found[g_count++] = address;
  return g_count < kDepthMax ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void OnSignal(int, siginfo_t*, void* machine) WEFT_NO_LOCK_ANALYSIS {
  const int saved_errno = errno;
  Step asked = Step::kAsked;
  if (pthread_equal(g_thread.load(std::memory_order_relaxed), pthread_self()) != 0 &&
      g_step.compare_exchange_strong(asked, Step::kWalking, std::memory_order_acquire)) {
    g_interrupted = InstructionOf(machine);
    g_count = 0;
    _Unwind_Backtrace(&Note, nullptr);
    g_step.store(Step::kDone, std::memory_order_release);
  }
  errno = saved_errno;
}

// Whether the signal is ours, or still unused. It stays ours: a signal that is ignored by default does no harm.
bool TakeSignal() {
  struct sigaction now{};
  if (sigaction(kSignal, nullptr, &now) != 0) return false;
  if ((now.sa_flags & SA_SIGINFO) != 0) return now.sa_sigaction == &OnSignal;
  if (now.sa_handler != SIG_DFL) return false;
  struct sigaction action{};
  action.sa_sigaction = &OnSignal;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;  // a fiber's stack may be nearly full
  sigfillset(&action.sa_mask);
  return sigaction(kSignal, &action, nullptr) == 0;
}

// The first use of the unwinder may allocate, which the handler must not.
void WarmUp() {
  _Unwind_Backtrace([](_Unwind_Context*, void*) { return _URC_END_OF_STACK; }, nullptr);
}

}  // namespace

std::vector<std::uintptr_t> StackOfThread(pthread_t thread) {
  std::lock_guard hold(g_interrupt_lock);
  if (!TakeSignal()) return {};
  WarmUp();
  g_thread.store(thread, std::memory_order_relaxed);
  g_step.store(Step::kAsked, std::memory_order_release);
  if (pthread_kill(thread, kSignal) != 0) return {};
  for (int ms = 0;; ++ms) {
    if (g_step.load(std::memory_order_acquire) == Step::kDone) break;
    Step asked = Step::kAsked;
    // If the handler has begun to walk, it is waited for: it is writing the results.
    if (ms >= kPatienceMs && g_step.compare_exchange_strong(asked, Step::kNone)) return {};
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
  return {g_found, g_found + g_count};
}

}  // namespace weft::internal
