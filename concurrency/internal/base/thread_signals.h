// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_SIGNALS_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_SIGNALS_H_

#include <atomic>

namespace weft::internal {

// How many NotifyContexts exist: each may wake a fiber at any time.
inline std::atomic<int> g_signal_watches{0};

// While one exists on a thread, writing to a closed pipe or socket fails there with EPIPE and does not end the process: sendfile,
// OpenSSL and users' code raise SIGPIPE where send has MSG_NOSIGNAL. Each thread that weft drives has one, even a thread that it only
// borrows.
//
// Neither the signal mask nor "ignored" would do: programs that the thread starts inherit both, and their writers then never end. They
// do not inherit a handler. So the first one in the process installs a handler, and the last one removes it. A SIGPIPE of other threads,
// or one that was sent, has the effect that was set before. If SIGPIPE is ignored, it stays so, and there is no handler.
class PipeSignalShield {
 public:
  PipeSignalShield();
  ~PipeSignalShield();
  PipeSignalShield(const PipeSignalShield&) = delete;
  PipeSignalShield& operator=(const PipeSignalShield&) = delete;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_SIGNALS_H_
