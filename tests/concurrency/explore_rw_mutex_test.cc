// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/rw_mutex.h>

#include <string>

#include <weft/concurrency/wait_group.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Who is inside.
struct Hall {
  int readers = 0;
  bool writer = false;

  void Read() {
    EXPECT_FALSE(writer) << "a reader together with a writer";
    ++readers;
    Yield();
    EXPECT_FALSE(writer) << "a writer together with a reader";
    --readers;
  }
  void Write() {
    EXPECT_TRUE(!writer && readers == 0) << "a writer together with others";
    writer = true;
    Yield();
    EXPECT_TRUE(writer && readers == 0) << "others together with a writer";
    writer = false;
  }
};

void ExpectFree(RWMutex& mutex) {
  EXPECT_TRUE(mutex.try_lock()) << "neither lost nor kept";
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock_shared());
  mutex.unlock_shared();
}

TEST(ExploreRWMutex, AWriterIsAloneAndItIsFreeAfterwards) {
  Exploring([](const Context& ctx) {
    RWMutex mutex;
    Hall hall;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const Context& under = i < 2 ? scope.ctx : c;
        for (int n = 0; n < 2; ++n) {
          if ((i + n) % 2 == 0) {
            if (mutex.Lock(under)) continue;
            hall.Write();
            mutex.unlock();
          } else {
            if (mutex.RLock(under)) continue;
            hall.Read();
            mutex.unlock_shared();
          }
        }
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    ExpectFree(mutex);
  });
}

// The readers behind it need no unlock by the first reader: that one stays until they are in.
TEST(ExploreRWMutex, ReadersEnterWhenAWriterGivesUp) {
  Exploring([](const Context& ctx) {
    RWMutex mutex;
    const CancelScope scope = WithCancel(ctx);
    WaitGroup inside;
    inside.Add(2);
    mutex.lock_shared();
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(mutex.Lock(scope.ctx).Is(kCanceled)); });
    Settle(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(mutex.RLock(c));
        inside.Done();
        EXPECT_FALSE(inside.Wait(c));
        mutex.unlock_shared();
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(inside.Wait(ctx));
    mutex.unlock_shared();
    EXPECT_FALSE(group.Wait());
    ExpectFree(mutex);
  });
}

// Readers that stand next to each other go in together, behind the writer before them and before the one after them.
TEST(ExploreRWMutex, LetsInByTheOrderOfArrival) {
  Exploring([](const Context& ctx) {
    RWMutex mutex;
    const CancelScope scope = WithCancel(ctx);
    std::string order;
    mutex.lock();
    Group group(ctx);
    for (const char who : std::string("wrrWrx")) {
      group.Go([&, who](const Context& c) {
        if (who == 'r') {
          EXPECT_FALSE(mutex.RLock(c));
        } else if (mutex.Lock(who == 'W' ? scope.ctx : c)) {
          return;
        }
        order += who;
        Yield();
        who == 'r' ? mutex.unlock_shared() : mutex.unlock();
      });
      Settle(ctx);
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { mutex.unlock(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(order == "wrrWrx" || order == "wrrrx") << order;
    ExpectFree(mutex);
  });
}

// A reader that comes while a writer waits stays behind it.
TEST(ExploreRWMutex, AWaitingWriterHoldsBackTheReaders) {
  Exploring([](const Context& ctx) {
    RWMutex mutex;
    bool written = false;
    mutex.lock_shared();
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(mutex.Lock(c));
      written = true;
      mutex.unlock();
    });
    Settle(ctx);
    EXPECT_FALSE(mutex.try_lock_shared());
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(mutex.RLock(c));
        EXPECT_TRUE(written) << "overtook the writer";
        mutex.unlock_shared();
      });
    }
    group.Go([&](const Context&) { mutex.unlock_shared(); });
    EXPECT_FALSE(group.Wait());
    ExpectFree(mutex);
  });
}

TEST(ExploreRWMutex, ATimeoutAndTheHandOverMeet) {
  Exploring([](const Context& ctx) {
    RWMutex mutex;
    mutex.lock();
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const CancelScope scope = WithTimeout(c, 1ms);
        if (i % 2 == 0) {
          if (!mutex.Lock(scope.ctx)) mutex.unlock();
        } else {
          if (!mutex.RLock(scope.ctx)) mutex.unlock_shared();
        }
      });
    }
    EXPECT_FALSE(Sleep(ctx, 1ms));
    mutex.unlock();
    EXPECT_FALSE(mutex.Lock(ctx)) << "nobody keeps it";
    mutex.unlock();
    EXPECT_FALSE(group.Wait());
    ExpectFree(mutex);
  });
}

TEST(ExploreRWMutex, MayBeDestroyedByWhoeverHadItLast) {
  Exploring([](const Context& ctx) {
    auto mutex = std::make_unique<RWMutex>();
    mutex->lock_shared();
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(mutex->Lock(c));
      mutex->unlock();
      mutex.reset();
    });
    Settle(ctx);
    mutex->unlock_shared();
    EXPECT_FALSE(group.Wait());
  }, 200);
}

}  // namespace
}  // namespace weft
