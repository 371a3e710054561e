// SPDX-License-Identifier: Apache-2.0
//
// What a test does whose client is not installed: this very program, run once more where there is nothing in PATH.
#include "clients_kit.h"

namespace weft {
namespace {

Outcome RunCurlsTestWithoutCurl(const std::string& need) {
  return RunProgram("/usr/bin/env", {"PATH=/nonexistent", "WEFT_NEED_PROGRAMS=" + need, "GTEST_OUTPUT=",
                                     std::filesystem::read_symlink("/proc/self/exe"), "--gtest_filter=Curl.AsksForTheHeadOnly"});
}

TEST(MissingProgram, SkipsTheTestAndSaysWhatInstallsIt) {
  for (const char* const need : {"", "0"}) {
    const Outcome outcome = RunCurlsTestWithoutCurl(need);

    EXPECT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_EQ(Occurrences(outcome.out, "[  SKIPPED ] 1 test"), 1) << outcome.out;
    EXPECT_EQ(Occurrences(outcome.out, "not installed: curl (scripts/setup clients installs it)"), 1) << outcome.out;
  }
}

TEST(MissingProgram, IsAFailureWhereAllAreNeeded) {
  const Outcome outcome = RunCurlsTestWithoutCurl("1");

  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "[  FAILED  ] 1 test"), 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "not installed: curl (scripts/setup clients installs it)"), 1) << outcome.out;
}

}  // namespace
}  // namespace weft
