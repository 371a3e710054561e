// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_LIST_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_LIST_H_

#include <functional>

namespace weft::internal {

class LoopCore;

// All loops of the process. From any thread.
class LoopList {
 public:
  static void Add(LoopCore& loop);
  static void Remove(LoopCore& loop);
  static bool Empty();
  // Calls `see` for each, under the lock of the list: none of them ends meanwhile.
  static void ForEach(const std::function<void(LoopCore& loop)>& see);
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_LIST_H_
