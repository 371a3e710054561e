// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONFORMANCE_REPLAY_H_
#define WEFT_TESTS_CONFORMANCE_REPLAY_H_

#include <string>
#include <vector>

#include "case.h"

namespace weft::conformance {

// Plays all cases of a table on the pure functions of http/internal/http1, without a server: heads and bodies in a row,
// whole, cut at every place, and byte by byte. Returns what differs from the whole, or from the case: one text for each.
std::vector<std::string> Replay(const Table& table);

}  // namespace weft::conformance

#endif  // WEFT_TESTS_CONFORMANCE_REPLAY_H_
