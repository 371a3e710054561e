// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/stack_overflow.h>

#include <unistd.h>

#include <cstring>
#include <mutex>

#include <weft/concurrency/internal/loop_core.h>

namespace weft::internal {
namespace {

struct sigaction g_previous_segv;
struct sigaction g_previous_bus;

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

void OnFault(int signal, siginfo_t* info, void* machine) {
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
  const struct sigaction& previous = signal == SIGBUS ? g_previous_bus : g_previous_segv;
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(signal, info, machine);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // The instruction runs again under the default disposition, so the core shows the place itself.
    struct sigaction fallback{};
    fallback.sa_handler = SIG_DFL;
    sigaction(signal, &fallback, nullptr);
  }
}

void InstallOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = OnFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &g_previous_segv);
    sigaction(SIGBUS, &action, &g_previous_bus);
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
