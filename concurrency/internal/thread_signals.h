// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_THREAD_SIGNALS_H_
#define WEFT_CONCURRENCY_INTERNAL_THREAD_SIGNALS_H_

#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace weft::internal {

// How many NotifyContexts live: each may wake somebody at any time.
inline std::atomic<int> g_signal_watches{0};

// sendfile and OpenSSL raise SIGPIPE where send has MSG_NOSIGNAL. The process's disposition is not ours to change, so the
// threads that weft drives block it.
inline void BlockPipeSignal(sigset_t* before = nullptr) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, before);
}

// Blocks SIGPIPE for a C++ scope, on a thread that belongs to somebody else.
class ScopedPipeBlock {
 public:
  ScopedPipeBlock() { BlockPipeSignal(&before_); }
  ~ScopedPipeBlock() {
    // One that came meanwhile waits, and would kill the process as soon as the thread takes it again.
    if (sigismember(&before_, SIGPIPE) == 0) {
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      const timespec at_once{};
      while (sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  ScopedPipeBlock(const ScopedPipeBlock&) = delete;
  ScopedPipeBlock& operator=(const ScopedPipeBlock&) = delete;

 private:
  sigset_t before_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_THREAD_SIGNALS_H_
