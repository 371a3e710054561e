// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_FUZZ_MUTATE_H_
#define WEFT_TESTS_FUZZ_MUTATE_H_

#include <string>

#include "fuzz.h"

namespace weft::fuzz {

// Changes a message as somebody would who knows the protocol: lines are doubled, swapped, taken out or put in, words exchanged for words
// that matter, single bytes for those that end or part things.
void Mutate(std::string& message, Dice& dice);

}  // namespace weft::fuzz

#endif  // WEFT_TESTS_FUZZ_MUTATE_H_
