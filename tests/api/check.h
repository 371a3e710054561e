// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_API_CHECK_H_
#define WEFT_TESTS_API_CHECK_H_

#include <cstdio>
#include <source_location>
#include <utility>

#include <weft/concurrency/testing.h>

// For the programs that hold the snippets of the documents: enough of a test framework.
inline int failures = 0;

inline void Check(bool good, std::source_location where = std::source_location::current()) {
  if (good) return;
  std::fprintf(stderr, "%s:%u: not as it should be\n", where.file_name(), static_cast<unsigned>(where.line()));
  ++failures;
}

// Runs the body under virtual time. Returns the exit code of the program.
template <class F>
int RunChecks(F body) {
  if (weft::Error err = weft::RunTest(std::move(body))) {
    std::fprintf(stderr, "%s\n", err.Message().c_str());
    return 1;
  }
  return failures == 0 ? 0 : 1;
}

#endif  // WEFT_TESTS_API_CHECK_H_
