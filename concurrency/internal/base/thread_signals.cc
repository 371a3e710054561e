// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/thread_signals.h>

#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <mutex>

#include <weft/concurrency/internal/base/signal_action.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {
namespace {

constinit thread_local int t_shields = 0;  // Run may run in a function of Offload
constinit SignalOverlay g_overlay;
constinit ThreadMutex g_shield_lock;
constinit int g_shielded_threads WEFT_GUARDED_BY(g_shield_lock) = 0;

// The signal that the kernel raises for a write looks like a kill by this process itself. But it comes at the end of a system call that
// has failed with EPIPE or, as sendfile can, has sent some bytes before; kill returns 0, and interrupts others anywhere.
bool RaisedByAWrite(const siginfo_t& info, [[maybe_unused]] const void* machine) noexcept {
  if (info.si_code == SI_KERNEL) return true;
  if (info.si_code != SI_USER || info.si_pid != getpid()) return false;
#if defined(__x86_64__)
  const greg_t* registers = static_cast<const ucontext_t*>(machine)->uc_mcontext.gregs;
  const auto* next = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  const bool behind_system_call = next[-2] == 0x0f && next[-1] == 0x05;
  const greg_t result = registers[REG_RAX];
  return behind_system_call && (result == -EPIPE || result > 0);
#else
  return true;
#endif
}

void OnPipeSignal(int signal, siginfo_t* info, void* machine) {
  const int saved_errno = errno;
  if (t_shields == 0 || !RaisedByAWrite(*info, machine)) g_overlay.CarryOut(signal, info, machine);
  errno = saved_errno;
}

bool IsIgnored() noexcept {
  struct sigaction now{};
  sigaction(SIGPIPE, nullptr, &now);
  return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

PipeSignalShield::PipeSignalShield() {
  if (t_shields++ != 0) return;
  std::lock_guard hold(g_shield_lock);
  if (g_shielded_threads++ == 0 && !IsIgnored()) g_overlay.PutOn(SIGPIPE, &OnPipeSignal);
}

PipeSignalShield::~PipeSignalShield() {
  if (--t_shields != 0) return;
  std::lock_guard hold(g_shield_lock);
  if (--g_shielded_threads == 0) g_overlay.TakeBack(SIGPIPE);
}

}  // namespace weft::internal
