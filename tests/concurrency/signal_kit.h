// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_SIGNAL_KIT_H_
#define WEFT_TESTS_CONCURRENCY_SIGNAL_KIT_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <optional>

#include "../kit/sanitized.h"

namespace weft::testing {

// What a signal does now.
inline void (*HandlerOf(int signal))(int) {
  struct sigaction now{};
  sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

// Blocks a signal on this thread, and on those that it starts, for a C++ scope. A Signals or NotifyContext has a thread that takes it.
class ScopedBlock {
 public:
  explicit ScopedBlock(int signal) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, signal);
    EXPECT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before_), 0);
  }
  ~ScopedBlock() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  ScopedBlock(const ScopedBlock&) = delete;
  ScopedBlock& operator=(const ScopedBlock&) = delete;

 private:
  sigset_t before_;
};

// Keeps a signal off the fibers that run in a C++ scope, under ThreadSanitizer: that keeps a signal which interrupts a fiber until this very
// fiber runs again, and here fibers wait for the signal, or have ended.
class OffFibers {
 public:
  explicit OffFibers(int signal) {
    if (kTsan) block_.emplace(signal);
  }

 private:
  std::optional<ScopedBlock> block_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_CONCURRENCY_SIGNAL_KIT_H_
