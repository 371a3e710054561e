// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_DIFFERENTIAL_CASES_H_
#define WEFT_TESTS_DIFFERENTIAL_CASES_H_

#include <string>
#include <string_view>
#include <vector>

namespace weft::differential {

// A stream of bytes about whose requests servers may disagree.
struct Case {
  std::string topic;
  std::string name;
  std::string bytes;  // the request that all should agree about follows it
  // Whether a good server takes it: some cases are there to see that the strict one is not too strict.
  enum class Must { kRefuse, kTake, kEither } must = Must::kEither;
};

// All cases. In each, "@@@" is replaced by a number of three digits that no other case has, so that nobody takes the requests and
// responses of one for those of another.
std::vector<Case> AllCases();

}  // namespace weft::differential

#endif  // WEFT_TESTS_DIFFERENTIAL_CASES_H_
