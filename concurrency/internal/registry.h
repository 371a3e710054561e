// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_REGISTRY_H_
#define WEFT_CONCURRENCY_INTERNAL_REGISTRY_H_

namespace weft::internal {

class LoopCore;

// All loops of the process, for ListFibers.
class Registry {
 public:
  static void Add(LoopCore& loop);
  static void Remove(LoopCore& loop);
  static bool Empty();
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_REGISTRY_H_
