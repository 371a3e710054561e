// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_FIBER_OWNERS_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_FIBER_OWNERS_H_

#include <cstdint>
#include <vector>

#include <weft/concurrency/debug.h>

namespace weft::internal {

class Scheduler;

// Appends the owners of these fibers that are not fibers themselves (FiberOwner); of one scheduler, or of all (null).
void AppendOwners(const Scheduler* only, std::int64_t now_ns, std::vector<FiberInfo>& fibers);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_FIBER_OWNERS_H_
