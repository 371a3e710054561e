// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/loop_list.h>

#include <mutex>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {
namespace {

struct Listed {
  ThreadMutex lock;
  std::vector<LoopCore*> loops WEFT_GUARDED_BY(lock);
};

// Never destroyed, so that threads which end after main may still use it.
Listed& TheList() {
  static auto* list = new Listed;
  return *list;
}

}  // namespace

void LoopList::Add(LoopCore& loop) {
  std::lock_guard hold(TheList().lock);
  TheList().loops.push_back(&loop);
}

void LoopList::Remove(LoopCore& loop) {
  std::lock_guard hold(TheList().lock);
  std::erase(TheList().loops, &loop);
}

bool LoopList::Empty() {
  std::lock_guard hold(TheList().lock);
  return TheList().loops.empty();
}

void LoopList::ForEach(const std::function<void(LoopCore& loop)>& see) {
  std::lock_guard hold(TheList().lock);
  for (LoopCore* loop : TheList().loops) see(*loop);
}

}  // namespace weft::internal
