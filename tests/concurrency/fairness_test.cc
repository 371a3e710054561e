// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Fairness, YieldGoesRoundAllReadyFibers) {
  Virtually([](const Context& ctx) {
    std::vector<int> order;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context&) {
        for (int k = 0; k < 3; ++k) {
          order.push_back(i);
          Yield();
        }
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 0, 1, 2, 0, 1, 2}));
  });
}

// Fibers that are always ready.
class Hogs {
 public:
  explicit Hogs(const Context& ctx) : group_(ctx) {
    for (int i = 0; i < 100; ++i) {
      group_.Go([](const Context& c) {
        while (!c.Err()) Yield();
      });
    }
  }

 private:
  Group group_;
};

TEST(Fairness, ReadyFibersDoNotStarveTimers) {
  OnLoops(1, [](const Context& ctx) {
    const Hogs hogs(ctx);
    EXPECT_FALSE(Sleep(ctx, 1ms));
  });
}

TEST(Fairness, ReadyFibersDoNotStarveDescriptors) {
  struct Readable : FdWatch {
    void OnFdEvents(std::uint32_t) override { signal.Notify(); }
    LoopSignal signal;
  };
  OnLoops(1, [](const Context& ctx) {
    const Hogs hogs(ctx);
    const int fd = eventfd(0, EFD_NONBLOCK);
    Readable readable;
    ASSERT_FALSE(Loop::Current()->Add(readable, fd, EPOLLIN | EPOLLET));
    Group writer(ctx);
    writer.Go([&](const Context&) {
      Yield();
      const std::uint64_t one = 1;
      EXPECT_EQ(write(fd, &one, sizeof(one)), 8);
    });

    EXPECT_EQ(readable.signal.Wait(ctx, "readable"), LoopSignal::Outcome::kNotified);

    Loop::Current()->Remove(readable, fd);
    close(fd);
  });
}

TEST(Fairness, ReadyFibersDoNotStarveOtherThreads) {
  OnLoops(1, [](const Context& ctx) {
    const Hogs hogs(ctx);
    Event event;
    Group group(ctx);
    group.Go([&](const Context& c) { return Offload(c, [&] { event.Set(); }); });
    EXPECT_FALSE(event.Wait(ctx));
    EXPECT_FALSE(group.Wait());
  });
}

// The other way round: a descriptor that is always readable.
TEST(Fairness, DescriptorsDoNotStarveFibers) {
  struct AlwaysReady : FdWatch {
    void OnFdEvents(std::uint32_t) override { ++calls; }
    int calls = 0;
  };
  OnLoops(1, [](const Context&) {
    const int fd = eventfd(1, EFD_NONBLOCK);
    AlwaysReady ready;
    ASSERT_FALSE(Loop::Current()->Add(ready, fd, EPOLLIN));

    for (int i = 0; i < 1000; ++i) Yield();

    EXPECT_GT(ready.calls, 0);
    Loop::Current()->Remove(ready, fd);
    close(fd);
  });
}

}  // namespace
}  // namespace weft
