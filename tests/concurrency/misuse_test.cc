// SPDX-License-Identifier: Apache-2.0
#include <mutex>

#include <weft/concurrency/cond.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/rw_mutex.h>
#include <weft/concurrency/rate_limiter.h>
#include <weft/concurrency/semaphore.h>
#include <weft/concurrency/singleflight.h>
#include <weft/concurrency/wait_group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Calls `f` on the loop's own stack.
void OnLoopStack(void (*f)()) {
  OnLoops(1, [f](const Context& ctx) {
    struct Task : LoopTask {
      explicit Task(void (*g)()) : LoopTask([](LoopTask* t) { static_cast<Task*>(t)->call(); }), call(g) {}
      void (*call)();
    };
    Task task(f);
    Loop::Current()->Post(task);
    (void)Sleep(ctx, 1h);
  });
}

struct BlockingCall {
  const char* name;
  void (*call)();
  const char* message;
};

const BlockingCall kBlockingCalls[] = {
    {"Sleep", [] { (void)Sleep(Background(), 1s); }, "a blocking call \\(sleep\\) on a loop's own stack"},
    {"ContextWait", [] { (void)WithCancel(Background()).ctx.Wait(); }, "a blocking call \\(context\\) on a loop's own stack"},
    {"Event", [] { (void)Event().Wait(Background()); }, "a blocking call \\(event\\) on a loop's own stack"},
    {"Mutex",
     [] {
       Mutex mutex;
       mutex.lock();
       mutex.lock();
     },
     "a blocking call \\(mutex\\) on a loop's own stack"},
    {"RWMutex",
     [] {
       RWMutex mutex;
       mutex.lock_shared();
       mutex.lock();
     },
     "a blocking call \\(rw mutex, to write\\) on a loop's own stack"},
    {"Cond",
     [] {
       Mutex mutex;
       Cond cond;
       std::unique_lock hold(mutex);
       (void)cond.Wait(Background(), hold);
     },
     "a blocking call \\(cond\\) on a loop's own stack"},
    {"WaitGroup",
     [] {
       WaitGroup group;
       group.Add(1);
       (void)group.Wait(Background());
     },
     "a blocking call \\(wait group\\) on a loop's own stack"},
    {"Group", [] { const Group group(Background()); }, "a blocking call \\(Group\\) on a loop's own stack"},
    {"Semaphore", [] { (void)Semaphore(0).Acquire(Background()); }, "a blocking call \\(semaphore\\) on a loop's own stack"},
    {"RateLimiter",
     [] {
       RateLimiter limiter(1, 1);
       (void)limiter.Allow();
       (void)limiter.Wait(Background());
     },
     "a blocking call \\(rate limiter\\) on a loop's own stack"},
    {"Singleflight",
     [] {
       Singleflight<int, int> flights;
       (void)flights.Do(Background(), 1, [](const Context&) -> Result<int> { return 1; });
     },
     "a blocking call \\(Singleflight\\) on a loop's own stack"},
    {"Offload", [] { (void)Offload(Background(), [] {}); }, "a blocking call \\(Offload\\) on a loop's own stack"},
    {"AfterFunc", [] { (void)AfterFunc(Background(), [] {}); }, "a blocking call \\(AfterFunc\\) on a loop's own stack"},
    {"Run", [] { (void)Run(Background(), [](const Context&) {}); }, "a blocking call \\(Run\\) on a loop's own stack"},
    {"Yield", [] { Yield(); }, "a blocking call \\(Yield\\) on a loop's own stack"},
};

class LoopStackDeathTest : public ::testing::TestWithParam<BlockingCall> {};

TEST_P(LoopStackDeathTest, ABlockingCallAbortsByName) { WEFT_EXPECT_DEATH(OnLoopStack(GetParam().call), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(Table, LoopStackDeathTest, ::testing::ValuesIn(kBlockingCalls), [](const auto& row) { return std::string(row.param.name); });

TEST(MisuseDeathTest, NamesFunctionAndRule) {
  WEFT_EXPECT_DEATH(Mutex().unlock(), "Mutex::unlock: it is not locked");
  WEFT_EXPECT_DEATH(WaitGroup().Done(), "WaitGroup::Done: more Done than Add");
  const auto too_many = [] {
    WaitGroup group;
    group.Add(2);
    group.Add(-3);
  };
  WEFT_EXPECT_DEATH(too_many(), "WaitGroup::Done: more Done than Add");
  const auto unlocked_twice = [] {
    Mutex mutex;
    mutex.lock();
    mutex.unlock();
    mutex.unlock();
  };
  WEFT_EXPECT_DEATH(unlocked_twice(), "Mutex::unlock: it is not locked");
}

}  // namespace
}  // namespace weft
