// SPDX-License-Identifier: Apache-2.0
//
// Cancels from other loops and threads at the moment of a hand-over: nothing is lost, and nothing is given twice.
#include <weft/concurrency/sync.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Contexts that a plain thread cancels and renews all the time.
class Canceller {
 public:
  explicit Canceller(std::size_t slots) {
    for (std::size_t i = 0; i < slots; ++i) scopes_.push_back(std::make_unique<CancelScope>(WithCancel(Background())));
    thread_ = std::thread([this] {
      std::minstd_rand random(1);
      while (!stop_.load()) {
        auto scope = std::make_unique<CancelScope>(WithCancel(Background()));
        {
          const std::lock_guard hold(lock_);
          std::swap(scope, scopes_[random() % scopes_.size()]);
        }
        scope->cancel();
        if (random() % 4 == 0) std::this_thread::yield();
      }
    });
  }
  ~Canceller() {
    stop_ = true;
    thread_.join();
  }
  Context Take(std::size_t slot) {
    const std::lock_guard hold(lock_);
    return scopes_[slot]->ctx;
  }

 private:
  std::mutex lock_;
  std::vector<std::unique_ptr<CancelScope>> scopes_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Calls `attempt(ctx, i)` many times in fibers of two loops and on two threads, under contexts that may end at any moment. One
// in four is patient: its context does not end, so that it waits for ever if something was lost with one that gave up.
enum class Some { kPatient, kNone };
void Hammer(int rounds, const std::function<void(const Context&, int)>& attempt, Some patient = Some::kPatient) {
  constexpr std::size_t kFibers = 6, kThreads = 2;
  Canceller canceller(kFibers + kThreads);
  const CancelScope limit = WithTimeout(Background(), 60s);
  auto work = [&](std::size_t slot) {
    for (int i = 0; i < rounds; ++i) {
      attempt(patient == Some::kPatient && slot % 4 == 3 ? limit.ctx : canceller.Take(slot), i);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) threads.emplace_back([&work, t] { work(kFibers + t); });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (std::size_t f = 0; f < kFibers; ++f) group.Go([&work, f](const Context&) { work(f); });
    EXPECT_FALSE(group.Wait());
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(limit.ctx.Err()) << "somebody waited for what was lost";
}

TEST(SyncRaces, AMutexIsNeitherLostNorSharedWhenCancelsMeetHandOvers) {
  Mutex mutex;
  long got = 0;
  std::atomic<long> failed{0}, attempts{0};
  Hammer(Rounds(4000), [&](const Context& ctx, int i) {
    ++attempts;
    if (mutex.Lock(ctx)) {
      ++failed;
      return;
    }
    const long before = got;
    if (i % 16 == 0) Yield();
    got = before + 1;
    mutex.unlock();
  });
  EXPECT_EQ(got + failed, attempts);
  EXPECT_GT(got, 0);
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

TEST(SyncRaces, ARWMutexIsNeitherLostNorSharedWhenCancelsMeetHandOvers) {
  RWMutex mutex;
  std::atomic<int> activity{0};
  std::atomic<long> got{0}, failed{0}, attempts{0};
  Hammer(Rounds(4000), [&](const Context& ctx, int i) {
    const bool write = i % 3 == 0;
    ++attempts;
    if (write ? mutex.Lock(ctx) : mutex.RLock(ctx)) {
      ++failed;
      return;
    }
    ++got;
    if (write) {
      EXPECT_EQ(activity.fetch_add(10'000), 0);
    } else {
      EXPECT_LT(activity.fetch_add(1), 10'000);
    }
    if (i % 16 < 2) Yield();
    activity.fetch_sub(write ? 10'000 : 1);
    if (write) {
      mutex.unlock();
    } else {
      mutex.unlock_shared();
    }
  });
  EXPECT_EQ(got + failed, attempts);
  EXPECT_GT(got, 0);
  EXPECT_TRUE(mutex.try_lock()) << "no reader and no waiter is left";
  mutex.unlock();
}

TEST(SyncRaces, ACondLocksAgainWhateverEndsTheWait) {
  Mutex mutex;
  Cond cond;
  long inside = 0;
  std::atomic<long> attempts{0};
  Hammer(Rounds(3000), [&](const Context& ctx, int i) {
    ++attempts;
    std::unique_lock hold(mutex);
    ++inside;
    if (i % 2 == 0) {
      cond.Signal();
    } else if (i % 31 == 0) {
      cond.Broadcast();
    } else {
      (void)cond.Wait(ctx, hold);
    }
  }, Some::kNone);
  EXPECT_EQ(inside, attempts);
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

// One of two waiters is cancelled at the moment of the only signal: the signal is used by one of them.
TEST(SyncRaces, ASignalIsNotLostWithACanceledWaiter) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 0; i < Rounds(2000); ++i) {
      Mutex mutex;
      Cond cond;
      int waiting = 0;
      bool first_got = false, second_got = false;
      const CancelScope scope = WithCancel(ctx);
      const CancelScope limit = WithTimeout(ctx, 20s);
      Event second_waits;
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) {
        std::unique_lock hold(mutex);
        ++waiting;
        first_got = !cond.Wait(scope.ctx, hold);
      });
      const auto first_waits = [&] {
        const std::lock_guard hold(mutex);
        return waiting == 1;
      };
      while (!first_waits()) Yield();
      group.Go([&](const Context&) {
        std::unique_lock hold(mutex);
        second_waits.Set();
        second_got = !cond.Wait(limit.ctx, hold);
      });
      EXPECT_FALSE(second_waits.Wait(ctx));
      group.Go([&](const Context&) { scope.cancel(); });
      mutex.lock();
      cond.Signal();
      mutex.unlock();
      mutex.lock();
      mutex.unlock();
      // What is left waits on: the first one for its cancel, the second one for a signal of its own, if the first one got ours.
      scope.cancel();
      std::unique_lock hold(mutex);
      while (!first_got && !second_got) {
        hold.unlock();
        EXPECT_FALSE(Sleep(limit.ctx, 10us)) << "the signal was lost";
        hold.lock();
        if (limit.ctx.Err()) break;
      }
      EXPECT_NE(first_got, second_got) << "one signal, one waiter";
      cond.Broadcast();
      hold.unlock();
      EXPECT_FALSE(group.Wait());
    }
  });
}

// A writer gives up just when the reader before it leaves: the reader behind it gets in, whatever the writer got.
TEST(SyncRaces, ReadersGetInAfterACanceledWriter) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 0; i < Rounds(2000); ++i) {
      RWMutex mutex;
      mutex.lock_shared();
      const CancelScope scope = WithCancel(ctx);
      const CancelScope limit = WithTimeout(ctx, 20s);
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) {
        if (!mutex.Lock(scope.ctx)) mutex.unlock();
      });
      if (i % 2 == 0) Yield();
      group.Go([&](const Context&) {
        EXPECT_FALSE(mutex.RLock(limit.ctx)) << "nobody let it in";
        mutex.unlock_shared();
      });
      group.Go([&](const Context&) { scope.cancel(); });
      if (i % 3 == 0) Yield();
      mutex.unlock_shared();
      EXPECT_FALSE(group.Wait());
      EXPECT_TRUE(mutex.try_lock());
      mutex.unlock();
    }
  });
}

// The one that makes the value, and those that wait for it, are cancelled at any moment: somebody makes it all the same, once.
TEST(SyncRaces, AOnceResultPassesItsTurnOnWhenCancelsMeetIt) {
  for (int round = 0; round < Rounds(40); ++round) {
    std::atomic<int> made{0}, running{0};
    std::atomic<long> got{0}, failed{0}, attempts{0};
    OnceResult<int> value([&](const Context& ctx) -> Result<int> {
      EXPECT_EQ(running.fetch_add(1), 0) << "one at a time";
      for (int i = 0; i < 20 && !ctx.Err(); ++i) Yield();
      running.fetch_sub(1);
      if (Error err = ctx.Err()) return err;
      return ++made;
    });
    Hammer(50, [&](const Context& ctx, int) {
      ++attempts;
      const Result<const int*> result = value.Get(ctx);
      if (result.Err()) {
        EXPECT_TRUE(result.Err().Is(kCanceled));
        ++failed;
        return;
      }
      EXPECT_EQ(**result, 1);
      ++got;
    });
    EXPECT_EQ(got + failed, attempts);
    EXPECT_EQ(**value.Get(Background()), 1) << "the turn was not lost";
    EXPECT_EQ(made.load(), 1);
  }
}

TEST(SyncRaces, AWaitGroupReachesZeroForAllWhoWaitWhileOthersGiveUp) {
  for (int round = 0; round < Rounds(50); ++round) {
    WaitGroup work;
    std::atomic<bool> done{false};
    work.Add(1);
    std::thread finisher([&] {
      std::this_thread::yield();
      done = true;
      work.Done();
    });
    Hammer(20, [&](const Context& ctx, int) {
      const bool waited = !work.Wait(ctx);
      EXPECT_TRUE(!waited || done.load());
    });
    EXPECT_FALSE(work.Wait(Background()));
    finisher.join();
  }
}

}  // namespace
}  // namespace weft
