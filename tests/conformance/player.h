// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONFORMANCE_PLAYER_H_
#define WEFT_TESTS_CONFORMANCE_PLAYER_H_

#include <string>
#include <vector>

#include "case.h"

namespace weft::conformance {

// How the bytes of a case get to the server.
enum class Way {
  kWhole,     // in one piece; the next request follows once they are answered
  kGlued,     // in one piece with the next request
  kSplit,     // glued, and in two pieces, for each place where they can be cut
  kTrickled,  // glued, and byte by byte
};

// Plays all cases of a table against one server, each on connections of its own, and returns what was not as it has to
// be, one text for each. A piece is sent when the server has done all it can with the one before. Virtual time: a server
// that waits where it has to respond or to close is found by the time that has passed.
std::vector<std::string> Play(const Table& table, Way way);

}  // namespace weft::conformance

#endif  // WEFT_TESTS_CONFORMANCE_PLAYER_H_
