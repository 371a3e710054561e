// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONFORMANCE_TRANSCRIPT_H_
#define WEFT_TESTS_CONFORMANCE_TRANSCRIPT_H_

#include <string>
#include <string_view>
#include <vector>

#include "case.h"

namespace weft::conformance {

// One response, taken out of what a server has sent.
struct Response {
  int status = 0;
  bool whole = false;
  std::string head;  // with its empty line
  std::string body;  // as it came: chunks with their framing
};

// Splits the bytes of a connection into responses. It knows nothing about the server: a response that frames itself
// wrongly makes everything after it wrong, too. `expected` says which ones are to HEAD. `ended`: no byte follows.
// Bytes that are not a response become one of status 0.
std::vector<Response> TakeApart(std::string_view stream, const std::vector<Expected>& expected, bool ended);

// The same bytes with the values of all Date lines left out, to compare connections.
std::string WithoutDates(std::string stream);

// "100 200 400", "200cut" for one that is not whole.
std::string Statuses(const std::vector<Response>& responses);
std::string Statuses(const std::vector<Expected>& responses);

// Bytes in a form to print.
std::string Shown(std::string_view bytes);

}  // namespace weft::conformance

#endif  // WEFT_TESTS_CONFORMANCE_TRANSCRIPT_H_
