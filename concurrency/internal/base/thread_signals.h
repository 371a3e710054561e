// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_SIGNALS_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_SIGNALS_H_

#include <atomic>

namespace weft::internal {

// How many NotifyContexts live: each may wake a fiber at any time.
inline std::atomic<int> g_signal_watches{0};

// While one lives on a thread, writing to a closed pipe or socket fails with EPIPE there and does not kill: sendfile, OpenSSL
// and code of users raise SIGPIPE where send has MSG_NOSIGNAL. Each thread that weft drives has one, also a thread that it only
// borrows.
//
// Neither the signal mask nor "ignored" would do: both live on in programs that the thread starts, whose writers then never end. A
// handler does not. So the first one in the process puts a handler on, the last one takes it away; a SIGPIPE of other threads,
// or that was sent, has the effect that was set before. Where SIGPIPE is ignored, it stays so, and there is no handler.
class PipeSignalShield {
 public:
  PipeSignalShield();
  ~PipeSignalShield();
  PipeSignalShield(const PipeSignalShield&) = delete;
  PipeSignalShield& operator=(const PipeSignalShield&) = delete;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_SIGNALS_H_
