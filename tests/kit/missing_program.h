// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_MISSING_PROGRAM_H_
#define WEFT_TESTS_KIT_MISSING_PROGRAM_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

// Ends a test that cannot run because a program of others is not installed. It is skipped on a machine that may lack such programs, and
// has failed where WEFT_NEED_PROGRAMS=1 says that all are there, as .ci/run does: nobody reads what a long run has skipped.
// `set` is the set of scripts/packages that the program is in.
#define WEFT_PROGRAM_IS_MISSING(what, set)                                          \
  do {                                                                              \
    if (::weft::AllProgramsAreNeeded()) FAIL() << ::weft::MissingText((what), (set)); \
    GTEST_SKIP() << ::weft::MissingText((what), (set));                             \
  } while (false)

namespace weft {

inline bool AllProgramsAreNeeded() {
  const char* const need = std::getenv("WEFT_NEED_PROGRAMS");
  return need != nullptr && std::string_view(need) == "1";
}

inline std::string MissingText(const std::string& what, const std::string& set) {
  return "not installed: " + what + " (scripts/setup " + set + " installs it)";
}

}  // namespace weft

#endif  // WEFT_TESTS_KIT_MISSING_PROGRAM_H_
