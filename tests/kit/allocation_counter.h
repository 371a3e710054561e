// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_ALLOCATION_COUNTER_H_
#define WEFT_TESTS_KIT_ALLOCATION_COUNTER_H_

#include <cstddef>

namespace weft {

// How often this thread has called operator new, which this program replaces.
std::size_t Allocations();

// As long as it lives, operator new fails on this thread; the first `after` calls succeed yet.
class NoMemory {
 public:
  explicit NoMemory(std::size_t after = 0);
  ~NoMemory();
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
};

// From now on the call of operator new on this thread that comes behind `after` others fails, and no later one.
void FailOneAllocation(std::size_t after);
bool OneAllocationWillFail();

}  // namespace weft

#endif  // WEFT_TESTS_KIT_ALLOCATION_COUNTER_H_
