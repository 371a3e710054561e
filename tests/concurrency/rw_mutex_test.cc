// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/rw_mutex.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(RWMutex, ReadersShareAndAWriterIsAlone) {
  Virtually([](const Context& ctx) {
    RWMutex mutex;
    EXPECT_FALSE(mutex.RLock(ctx));
    EXPECT_FALSE(mutex.RLock(ctx));
    EXPECT_TRUE(mutex.try_lock_shared());
    EXPECT_FALSE(mutex.try_lock());
    mutex.unlock_shared();
    mutex.unlock_shared();
    EXPECT_FALSE(mutex.try_lock()) << "one is left";
    mutex.unlock_shared();

    EXPECT_FALSE(mutex.Lock(ctx));
    EXPECT_FALSE(mutex.try_lock());
    EXPECT_FALSE(mutex.try_lock_shared());
    mutex.unlock();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

// Go's TestParallelReaders: each waits, as a reader, until all the others are readers too.
TEST(RWMutex, ReadersRunInParallel) {
  OnLoops(2, [](const Context& ctx) {
    RWMutex mutex;
    std::atomic<int> inside{0};
    Event all;
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 6; ++i) {
      group.Go([&](const Context& c) {
        std::shared_lock hold(mutex);
        if (++inside == 6) all.Set();
        return all.Wait(c);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

// What each letter of a script does: it queues up, notes its name when it gets in, and stays for a second.
struct Script {
  explicit Script(const Context& ctx) : group(ctx) {}
  void Reader(const Context& ctx, const char* name) {
    group.Go([this, name](const Context& c) {
      EXPECT_FALSE(mutex.RLock(c));
      order += name;
      EXPECT_FALSE(Sleep(c, 1s));
      mutex.unlock_shared();
    });
    Settle(ctx);
  }
  void Writer(const Context& ctx, const char* name) {
    group.Go([this, name](const Context& c) {
      EXPECT_FALSE(mutex.Lock(c));
      order += name;
      EXPECT_FALSE(Sleep(c, 1s));
      mutex.unlock();
    });
    Settle(ctx);
  }
  RWMutex mutex;
  std::string order;
  Group group;
};

TEST(RWMutex, IsHandedOverInTheOrderOfArrivalAndNeighbouringReadersGoTogether) {
  Virtually([](const Context& ctx) {
    Script script(ctx);
    script.mutex.lock();
    script.Reader(ctx, "a");
    script.Reader(ctx, "b");
    script.Writer(ctx, "W");
    script.Reader(ctx, "c");
    script.Writer(ctx, "X");
    script.Writer(ctx, "Y");
    script.Reader(ctx, "d");
    script.Reader(ctx, "e");
    const TimePoint start = Now();

    script.mutex.unlock();
    EXPECT_FALSE(script.mutex.try_lock_shared()) << "a newcomer does not overtake those who wait, a reader neither";
    EXPECT_FALSE(script.mutex.try_lock());
    EXPECT_FALSE(script.group.Wait());

    EXPECT_EQ(script.order, "abWcXYde");
    EXPECT_EQ(Now() - start, 6s) << "a and b at the same time, d and e as well";
  });
}

TEST(RWMutex, AWaitingWriterHoldsBackNewReaders) {
  Virtually([](const Context& ctx) {
    Script script(ctx);
    script.mutex.lock_shared();
    script.Writer(ctx, "W");
    script.Reader(ctx, "r");
    EXPECT_FALSE(script.mutex.try_lock_shared());
    EXPECT_EQ(script.order, "");

    script.mutex.unlock_shared();
    EXPECT_FALSE(script.group.Wait());

    EXPECT_EQ(script.order, "Wr");
  });
}

TEST(RWMutex, TheNextReadersEnterWhenAWriterGivesUp) {
  Virtually([](const Context& ctx) {
    Script script(ctx);
    const CancelScope scope = WithCancel(ctx);
    script.mutex.lock_shared();
    script.group.Go([&](const Context&) { EXPECT_TRUE(script.mutex.Lock(scope.ctx).Is(kCanceled)); });
    Settle(ctx);
    script.Reader(ctx, "a");
    script.Reader(ctx, "b");
    script.Writer(ctx, "W");
    EXPECT_EQ(script.order, "");

    scope.cancel();
    Settle(ctx);
    EXPECT_EQ(script.order, "ab") << "while the first reader still holds it";
    EXPECT_FALSE(script.mutex.try_lock_shared()) << "the next writer waits";
    EXPECT_FALSE(Sleep(ctx, 5s));
    EXPECT_EQ(script.order, "ab");
    script.mutex.unlock_shared();
    EXPECT_FALSE(script.group.Wait());

    EXPECT_EQ(script.order, "abW");
  });
}

TEST(RWMutex, TheLastWaiterThatGivesUpOpensTheFastWayAgain) {
  Virtually([](const Context& ctx) {
    RWMutex mutex;
    mutex.lock_shared();
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(mutex.Lock(scope.ctx).Is(kDeadlineExceeded));
    EXPECT_TRUE(mutex.try_lock_shared());
    mutex.unlock_shared();
    mutex.unlock_shared();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST(RWMutex, AReaderThatGivesUpDoesNotDelayTheNextWriter) {
  Virtually([](const Context& ctx) {
    Script script(ctx);
    const CancelScope scope = WithCancel(ctx);
    script.mutex.lock();
    script.group.Go([&](const Context&) { EXPECT_TRUE(script.mutex.RLock(scope.ctx).Is(kCanceled)); });
    Settle(ctx);
    script.Writer(ctx, "W");

    // In one go: the reader has given up, but has not run yet.
    scope.cancel();
    script.mutex.unlock();
    EXPECT_FALSE(script.group.Wait());

    EXPECT_EQ(script.order, "W");
    EXPECT_TRUE(script.mutex.try_lock());
    script.mutex.unlock();
  });
}

TEST(RWMutex, ACancelAfterTheHandOverComesTooLate) {
  Virtually([](const Context& ctx) {
    RWMutex mutex;
    mutex.lock();
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_FALSE(mutex.RLock(scope.ctx));
      mutex.unlock_shared();
    });
    Settle(ctx);
    mutex.unlock();
    scope.cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST(RWMutex, FailsUnderADoneContextAlsoWhenItIsFree) {
  Virtually([](const Context& ctx) {
    RWMutex mutex;
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(mutex.Lock(scope.ctx).Is(kCanceled));
    EXPECT_TRUE(mutex.RLock(scope.ctx).Is(kCanceled));
    EXPECT_TRUE(mutex.Acquire(scope.ctx).Err().Is(kCanceled));
    EXPECT_TRUE(mutex.RAcquire(scope.ctx).Err().Is(kCanceled));
    EXPECT_TRUE(mutex.try_lock()) << "nobody has it";
    mutex.unlock();
  });
}

TEST(RWMutex, AcquireGivesALockThatEndsWithItsScope) {
  Virtually([](const Context& ctx) {
    RWMutex mutex;
    {
      Result<std::shared_lock<RWMutex>> hold = mutex.RAcquire(ctx);
      EXPECT_TRUE(hold.Ok() && hold->owns_lock());
      EXPECT_TRUE(mutex.RAcquire(ctx).Ok());
      EXPECT_FALSE(mutex.try_lock());
    }
    {
      Result<std::unique_lock<RWMutex>> hold = mutex.Acquire(ctx);
      EXPECT_TRUE(hold.Ok() && hold->owns_lock());
      EXPECT_FALSE(mutex.try_lock_shared());
    }
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST(RWMutex, WorksWithTheStandardLocksOnPlainThreads) {
  RWMutex a, b;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < Rounds(1000); ++i) {
        if (t % 2 == 0) {
          const std::scoped_lock hold(a, b);
          ++count;
        } else {
          const std::shared_lock first(a);
          const std::shared_lock second(b);
          EXPECT_GE(count, 0);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 2 * Rounds(1000));
}

// Go's HammerRWMutex: a writer adds 10,000 to the count while it is inside, a reader 1.
TEST(RWMutex, HoldsItsInvariantUnderReadersAndWritersOfLoopsAndThreads) {
  for (const int readers : {1, 3, 8}) {
    RWMutex mutex;
    std::atomic<int> activity{0};
    int written = 0;
    const int rounds = Rounds(1000);
    auto read = [&](int i) {
      const int now = activity.fetch_add(1) + 1;
      EXPECT_GE(now, 1);
      EXPECT_LT(now, 10'000);
      if (i % 32 == 0) Yield();
      activity.fetch_sub(1);
    };
    auto write = [&](int i) {
      EXPECT_EQ(activity.fetch_add(10'000), 0);
      ++written;
      if (i % 32 == 0) Yield();
      activity.fetch_sub(10'000);
    };
    std::thread plain_reader([&] {
      for (int i = 0; i < rounds; ++i) {
        const std::shared_lock hold(mutex);
        read(i);
      }
    });
    std::thread plain_writer([&] {
      for (int i = 0; i < rounds; ++i) {
        const std::lock_guard hold(mutex);
        write(i);
      }
    });
    OnLoops(2, [&](const Context& ctx) {
      Group group(ctx, {.spread = true});
      for (int f = 0; f < readers; ++f) {
        group.Go([&](const Context& c) {
          for (int i = 0; i < rounds; ++i) {
            if (Error err = mutex.RLock(c)) return err;
            read(i);
            mutex.unlock_shared();
          }
          return Error();
        });
      }
      for (int f = 0; f < 2; ++f) {
        group.Go([&](const Context& c) {
          for (int i = 0; i < rounds; ++i) {
            if (Error err = mutex.Lock(c)) return err;
            write(i);
            mutex.unlock();
          }
          return Error();
        });
      }
      EXPECT_FALSE(group.Wait());
    });
    plain_reader.join();
    plain_writer.join();
    EXPECT_EQ(written, 3 * rounds);
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  }
}

// Who unlocks last may still be inside when another one locks, unlocks and destroys.
TEST(RWMutex, MayBeDestroyedRightAfterTheLastUnlock) {
  for (int i = 0; i < Rounds(2000); ++i) {
    auto* mutex = new RWMutex();
    std::atomic<int> users{3};
    auto leave = [&] {
      mutex->lock();
      const bool last = --users == 0;
      mutex->unlock();
      if (last) delete mutex;
    };
    std::thread reader([&] {
      mutex->lock_shared();
      const bool last = --users == 0;
      mutex->unlock_shared();
      if (last) delete mutex;
    });
    std::thread writer(leave);
    leave();
    reader.join();
    writer.join();
  }
}

TEST(RWMutexDeathTest, UnlockingWhatIsNotLockedThatWayAborts) {
  const auto unlock_reader = [] {
    RWMutex mutex;
    mutex.lock_shared();
    mutex.unlock();
  };
  const auto unlock_writer = [] {
    RWMutex mutex;
    mutex.lock();
    mutex.unlock_shared();
  };
  WEFT_EXPECT_DEATH(RWMutex().unlock(), "RWMutex::unlock: it is not locked for writing");
  WEFT_EXPECT_DEATH(RWMutex().unlock_shared(), "RWMutex::unlock_shared: it is not locked for reading");
  WEFT_EXPECT_DEATH(unlock_reader(), "RWMutex::unlock: it is not locked for writing");
  WEFT_EXPECT_DEATH(unlock_writer(), "RWMutex::unlock_shared: it is not locked for reading");
}

}  // namespace
}  // namespace weft
