// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_SIGNAL_KIT_H_
#define WEFT_TESTS_CONCURRENCY_SIGNAL_KIT_H_

#include <signal.h>

namespace weft::testing {

// What a signal does now.
inline void (*HandlerOf(int signal))(int) {
  struct sigaction now{};
  sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

}  // namespace weft::testing

#endif  // WEFT_TESTS_CONCURRENCY_SIGNAL_KIT_H_
