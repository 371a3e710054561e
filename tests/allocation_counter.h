// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_ALLOCATION_COUNTER_H_
#define WEFT_TESTS_ALLOCATION_COUNTER_H_

#include <cstddef>

namespace weft {

// How often this thread has called operator new, which this program replaces.
std::size_t Allocations();

}  // namespace weft

#endif  // WEFT_TESTS_ALLOCATION_COUNTER_H_
