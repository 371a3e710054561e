// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/stack_overflow.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include <weft/concurrency/internal/base/signal_action.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft::internal {
namespace {

constinit SignalOverlay g_segv;
constinit SignalOverlay g_bus;

// Only functions that a signal handler may call.
void Tell(const char* text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
}

void TellNumber(std::size_t number) {
  char digits[24];
  char* at = digits + sizeof(digits) - 1;
  *at = '\0';
  do {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  Tell(at);
}

// By kill, sigqueue, raise and the like, or by the kernel for memory that it has found broken elsewhere: the fault does not recur when
// the instruction runs again.
bool WasSent(const siginfo_t& info) { return info.si_code <= 0 || (info.si_signo == SIGBUS && info.si_code == BUS_MCEERR_AO); }

void OnFault(int signal, siginfo_t* info, void* machine) {
  const int saved_errno = errno;
  SignalOverlay& overlay = signal == SIGBUS ? g_bus : g_segv;
  if (WasSent(*info)) {
    overlay.CarryOut(signal, info, machine);
    errno = saved_errno;
    return;
  }
  const FiberCore* fiber = CurrentFiber();
  if (fiber != nullptr && fiber->stack.GuardContains(info->si_addr)) {
    char name[48];
    fiber->record.CopyName(name, sizeof(name));
    Tell("weft: stack overflow in fiber \"");
    Tell(name);
    Tell("\": its stack has ");
    TellNumber(fiber->stack.Bytes() / 1024);
    Tell(" KiB; give more by stack_bytes, or move large locals to the heap\n");
  }
  if (!overlay.CallBefore(signal, info, machine)) {
    // The instruction runs again under the default disposition, so the core shows the place itself.
    struct sigaction fallback{};
    fallback.sa_handler = SIG_DFL;
    sigaction(signal, &fallback, nullptr);
  }
  errno = saved_errno;
}

void InstallOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    g_segv.PutOn(SIGSEGV, &OnFault);
    g_bus.PutOn(SIGBUS, &OnFault);
  });
}

}  // namespace

OverflowWatch::OverflowWatch() : memory_(new std::byte[kBytes]) {
  InstallOnce();
  stack_t stack{};
  stack.ss_sp = memory_.get();
  stack.ss_size = kBytes;
  sigaltstack(&stack, &previous_);
}

OverflowWatch::~OverflowWatch() {
  if (previous_.ss_sp == nullptr) previous_.ss_flags = SS_DISABLE;
  sigaltstack(&previous_, nullptr);
}

}  // namespace weft::internal
