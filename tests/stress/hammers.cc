// SPDX-License-Identifier: Apache-2.0
#include "hammer.h"

namespace weft::stress {

#define WEFT_HAMMERS(ONE)          \
  ONE(after_func, AfterFunc)       \
  ONE(chan, Chan)                  \
  ONE(cond, Cond)                  \
  ONE(context, Context)            \
  ONE(event, Event)                \
  ONE(free_list, FreeList)         \
  ONE(group, Group)                \
  ONE(memory_stream, Stream)       \
  ONE(mutex, Mutex)                \
  ONE(offload, Offload)            \
  ONE(once, Once)                  \
  ONE(rate_limiter, RateLimiter)   \
  ONE(resource_pool, ResourcePool) \
  ONE(rw_mutex, RWMutex)           \
  ONE(select, Select)              \
  ONE(semaphore, Semaphore)        \
  ONE(singleflight, Singleflight)  \
  ONE(ticker, Ticker)              \
  ONE(timer, Timer)                \
  ONE(wait_group, WaitGroup)       \
  ONE(watch, Watch)

#define WEFT_DECLARE(name, tool) std::unique_ptr<Hammer> Make##tool##Hammer();
#define WEFT_ENTRY(name, tool) {#name, &Make##tool##Hammer},

WEFT_HAMMERS(WEFT_DECLARE)

std::span<const HammerEntry> Hammers() {
  static constexpr HammerEntry kAll[] = {WEFT_HAMMERS(WEFT_ENTRY)};
  return kAll;
}

}  // namespace weft::stress
