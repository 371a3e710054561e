// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_THREAD_STACK_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_THREAD_STACK_H_

#include <pthread.h>

#include <cstdint>
#include <vector>

namespace weft::internal {

// The return addresses on the stack that another thread runs on at this moment, the innermost first, where the first is the
// instruction it is at. The thread is interrupted for some microseconds by a signal (SIGURG, which the system ignores by default), so
// that a system call without SA_RESTART's help may end with EINTR: for threads that have been stuck for long.
//
// Empty if it cannot be had: the program has a handler for SIGURG of its own, the thread blocks the signal, or does not come to handle
// it in time. One caller at a time; others wait.
std::vector<std::uintptr_t> StackOfThread(pthread_t thread);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_THREAD_STACK_H_
