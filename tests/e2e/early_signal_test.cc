// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM while a service starts: whatever it has begun by then, it ends, and with 0. WEFT_EARLY_SIGNALS says how many starts of each
// shape; the moments of the signal are spread evenly over the first 10 ms.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "process.h"

namespace weft {
namespace {

int Starts() {
  const char* given = std::getenv("WEFT_EARLY_SIGNALS");
  return given != nullptr ? std::atoi(given) : 25;
}

class EarlySignal : public ::testing::TestWithParam<const char*> {};

TEST_P(EarlySignal, EndsTheServiceWithZero) {
  const int starts = Starts();
  ASSERT_GT(starts, 0);
  for (int i = 0; i < starts; ++i) {
    const auto moment = std::chrono::microseconds(10'000) * i / starts;
    Process process(WEFT_EARLY_SIGNAL_MAIN, {GetParam()});
    ASSERT_EQ(process.Line(), "watching");
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < moment) {
    }
    process.Signal(SIGTERM);
    ASSERT_EQ(process.Wait(), 0) << "after " << moment.count() << " us: " << process.Errors();
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, EarlySignal, ::testing::Values("one", "services", "group", "run"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace weft
