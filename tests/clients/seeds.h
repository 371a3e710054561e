// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_SEEDS_H_
#define WEFT_TESTS_CLIENTS_SEEDS_H_

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace weft {

// Plays seeds until one of them fails: WEFT_SEEDS has how many (`usual` otherwise), WEFT_FIRST_SEED the first.
template <class F>
void PlaySeeds(unsigned usual, F play) {
  const auto number = [](const char* variable, unsigned otherwise) {
    const char* const text = std::getenv(variable);
    return text != nullptr ? static_cast<unsigned>(std::stoul(text)) : otherwise;
  };
  const unsigned first = number("WEFT_FIRST_SEED", 1);
  const unsigned seeds = number("WEFT_SEEDS", usual);
  for (unsigned seed = first; seed < first + seeds; ++seed) {
    play(seed);
    if (::testing::Test::HasFailure()) FAIL() << "after " << seed - first + 1 << " seeds";
  }
}

}  // namespace weft

#endif  // WEFT_TESTS_CLIENTS_SEEDS_H_
