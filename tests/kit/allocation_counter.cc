// SPDX-License-Identifier: Apache-2.0
// In a file of its own: where these are inlined, gcc takes the pair of malloc and free for a mistake.
#include "allocation_counter.h"

#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocations = 0;
thread_local std::size_t granted = SIZE_MAX;  // so many more succeed
thread_local std::size_t until_one_fails = SIZE_MAX;

void* Allocate(std::size_t size) {
  ++allocations;
  if (granted == 0) throw std::bad_alloc();
  if (granted != SIZE_MAX) --granted;
  if (until_one_fails != SIZE_MAX && until_one_fails-- == 0) throw std::bad_alloc();  // and it is SIZE_MAX again
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
// The sanitizers' own would not come here.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return Allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept { return operator new(size, nothrow); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace weft {

std::size_t Allocations() { return allocations; }

void FailOneAllocation(std::size_t after) { until_one_fails = after; }
bool OneAllocationWillFail() { return until_one_fails != SIZE_MAX; }

NoMemory::NoMemory(std::size_t after) { granted = after; }
NoMemory::~NoMemory() { granted = SIZE_MAX; }

}  // namespace weft
