#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ThreadSanitizer has a queue of signals for each fiber that is announced to it (__tsan_create_fiber). A signal that interrupts a fiber
# between two calls that it sees is handled when this very fiber makes its next one. If the fiber has handed its thread back by then, the
# thread may sleep for as long as it likes: the handler does not run. If the fiber has ended, it never does.
#
# Seen: libtsan2 and g++ 12.2.0-14+deb12u1 (Debian 12), 2026-12-01.
# For us: a test in which a fiber waits for a signal hangs now and then under ThreadSanitizer, though nothing is wrong. Keep the signal off the
# threads that run fibers (pthread_sigmask before they are started); Signals and NotifyContext have a thread of their own that takes it.
set -euo pipefail
version=12.2.0-14+deb12u1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get -o APT::Sandbox::User=root download "g++-12=$version" "gcc-12=$version" "cpp-12=$version" "libgcc-12-dev=$version" \
  "libstdc++-12-dev=$version" "libtsan2=$version" >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(dirname "$dir"/root/usr/lib/*/libtsan.so.2)
export LD_LIBRARY_PATH

cat >fiber.cc <<'CC'
#include <csignal>
#include <cstdio>
#include <ctime>
#include <pthread.h>
#include <thread>
#include <ucontext.h>

extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
}

ucontext_t thread_context, fiber_context;
void *thread_of_tsan, *fiber_of_tsan;
volatile std::sig_atomic_t handled, computing;
bool handled_in_fiber;

void Sleep(long ms) {
  timespec time{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}
void ToFiber() {
  __tsan_switch_to_fiber(fiber_of_tsan, 0);
  swapcontext(&thread_context, &fiber_context);
}
void ToThread() {
  __tsan_switch_to_fiber(thread_of_tsan, 0);
  swapcontext(&fiber_context, &thread_context);
}

// The signal comes here, where the sanitizer sees nothing.
__attribute__((no_sanitize("thread"))) void Compute() {
  computing = 1;
  for (volatile long i = 0; i < 1'000'000'000; ++i) {
  }
}

void Fiber() {
  Compute();
  ToThread();
  Sleep(1);
  handled_in_fiber = handled;
  ToThread();
}

int main() {
  std::signal(SIGUSR1, [](int) { handled = 1; });
  static char stack[1 << 20];
  getcontext(&fiber_context);
  fiber_context.uc_stack = {stack, 0, sizeof stack};
  makecontext(&fiber_context, Fiber, 0);
  thread_of_tsan = __tsan_get_current_fiber();
  fiber_of_tsan = __tsan_create_fiber(0);
  std::thread sender([self = pthread_self()] {
    while (computing == 0) Sleep(1);
    pthread_kill(self, SIGUSR1);
  });
  ToFiber();
  sender.join();
  for (int i = 0; i < 100 && !handled; ++i) Sleep(10);
  std::printf("after a second of sleep on the thread's own stack: %s\n", handled ? "handled" : "not handled");
  ToFiber();
  std::printf("after the next call in the fiber: %s\n", handled_in_fiber ? "handled" : "not handled");
}
CC

root/usr/bin/g++-12 --version | head -1
root/usr/bin/g++-12 -O1 -fsanitize=thread fiber.cc -o fiber -pthread -Lroot/usr/lib/x86_64-linux-gnu
# libtsan needs a layout of memory that some kernels scatter.
seen=$(setarch -R ./fiber)
echo "$seen"
diff <(echo "$seen") - <<'TEXT'
after a second of sleep on the thread's own stack: not handled
after the next call in the fiber: handled
TEXT
