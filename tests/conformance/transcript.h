// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONFORMANCE_TRANSCRIPT_H_
#define WEFT_TESTS_CONFORMANCE_TRANSCRIPT_H_

#include <string>
#include <string_view>
#include <vector>

#include "case.h"

namespace weft::conformance {

// One answer, taken out of what a server has sent.
struct Answer {
  int status = 0;
  bool whole = false;
  std::string head;  // with its empty line
  std::string body;  // as it came: chunks with their framing
};

// Takes the bytes of a connection apart into answers. It knows nothing of the server: an answer that frames itself
// wrongly makes everything behind it wrong too. `expected` tells which ones answer HEAD. `ended`: no byte follows.
// Bytes that are no answer become one of status 0.
std::vector<Answer> TakeApart(std::string_view stream, const std::vector<Expected>& expected, bool ended);

// The same bytes with the values of all Date lines left out, to compare connections.
std::string WithoutDates(std::string stream);

// "100 200 400", "200cut" for one that is not whole.
std::string Statuses(const std::vector<Answer>& answers);
std::string Statuses(const std::vector<Expected>& answers);

// Bytes in a form to print.
std::string Shown(std::string_view bytes);

}  // namespace weft::conformance

#endif  // WEFT_TESTS_CONFORMANCE_TRANSCRIPT_H_
