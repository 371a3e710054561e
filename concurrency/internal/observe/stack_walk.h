// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_STACK_WALK_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_STACK_WALK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::internal {

// Whether StackWalk knows how this machine lays out a context.
#if defined(__x86_64__) || defined(__aarch64__)
inline constexpr bool kCanWalkStacks = true;
#else
inline constexpr bool kCanWalkStacks = false;
#endif

// The return addresses on a stack that is not running, the innermost first. `context` is where Boost.Context has put the
// registers (fcontext_t); only the memory from there up to `top` is read. On the thread that otherwise runs the stack.
std::vector<std::uintptr_t> StackWalk(const void* context, const void* top);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_STACK_WALK_H_
