// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_THREAD_STACK_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_THREAD_STACK_H_

#include <pthread.h>

#include <cstdint>
#include <vector>

namespace weft::internal {

// The return addresses on the stack on which another thread currently runs, the innermost first; the first one is its current
// instruction. The thread is interrupted for some microseconds by a signal (SIGURG, which the system ignores by default), so
// a system call that SA_RESTART does not cover may end with EINTR. Meant for threads that have been stuck for long.
//
// Empty if the program has its own handler for SIGURG, if the thread blocks the signal, or if it does not get to handle it
// in time. One caller at a time; others wait.
std::vector<std::uintptr_t> StackOfThread(pthread_t thread);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_THREAD_STACK_H_
